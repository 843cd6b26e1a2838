#pragma once

#include <array>
#include <string>
#include <string_view>

namespace assent::media::samples {

// Descriptions as the named kind of software writes them. LF here; with_crlf makes them wire text.

inline constexpr std::string_view sipp =
    R"(v=0
o=user1 53655765 2353687637 IN IP4 192.0.2.10
s=-
c=IN IP4 192.0.2.10
t=0 0
m=audio 6000 RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
)";

inline constexpr std::string_view linphone =
    R"(v=0
o=speaker 2453 1841 IN IP4 192.0.2.20
s=Talk
c=IN IP4 192.0.2.20
b=AS:380
t=0 0
a=rtcp-xr:rcvr-rtt=all:10000 stat-summary=loss,dup,jitt,TTL voip-metrics
a=record:off
m=audio 7078 RTP/SAVPF 96 97 0 101
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 speex/16000
a=fmtp:97 vbr=on
a=rtpmap:101 telephone-event/48000
a=rtcp-fb:* trr-int 1000
a=rtcp-fb:* ccm tmmbr
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e
a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+
a=crypto:3 AES_256_CM_HMAC_SHA1_80 inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
m=video 9078 RTP/SAVPF 98 99
a=rtpmap:98 VP8/90000
a=rtpmap:99 H264/90000
a=fmtp:99 profile-level-id=42801F
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1e
a=rtcp-fb:* ccm fir
)";

inline constexpr std::string_view baresip =
    R"(v=0
o=- 1763997600 1023456789 IN IP6 2001:db8::30
s=-
c=IN IP6 2001:db8::30
t=0 0
a=tool:baresip 1.0.0
a=group:BUNDLE 0
m=audio 20140 RTP/AVP 96 9 8 0 13 97
a=mid:0
a=rtpmap:96 opus/48000/2
a=fmtp:96 stereo=1;sprop-stereo=1
a=rtpmap:9 G722/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:13 CN/8000
a=rtpmap:97 telephone-event/8000
a=fmtp:97 0-15
a=rtcp:20141
a=rtcp-mux
a=sendrecv
a=label:1
a=rtcp-rsize
a=ssrc:3735928559 cname:pseudonym@baresip
a=ptime:20
)";

inline constexpr std::string_view ffmpeg =
    R"(v=0
o=- 0 0 IN IP4 127.0.0.1
s=No Name
c=IN IP4 192.0.2.40
t=0 0
a=tool:libavformat 59.27.100
m=audio 5004 RTP/SAVP 97
b=AS:96
a=rtpmap:97 opus/48000/2
a=fmtp:97 sprop-stereo=1
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e
)";

inline constexpr std::string_view janus =
    R"(v=0
o=- 1763997600000000 1 IN IP4 192.0.2.50
s=AudioBridge 1234
t=0 0
m=audio 34567 RTP/AVP 111 112
c=IN IP4 192.0.2.50
a=mid:audio
a=sendrecv
a=rtpmap:111 opus/48000/2
a=fmtp:111 maxplaybackrate=48000;stereo=0;sprop-stereo=0;useinbandfec=0
a=rtpmap:112 telephone-event/8000
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=ssrc:287454020 cname:janus
a=ssrc:287454020 msid:janus janusa0
)";

inline constexpr std::string_view browser =
    R"(v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:4ZcD
a=ice-pwd:2/1muCWoOi3uLifh0NuRHlmQ
a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:1
a=sctp-port:5000
)";

inline constexpr std::array all{sipp, linphone, baresip, ffmpeg, janus, browser};

inline std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

inline std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  out.replace(out.find(what), what.size(), by);  // throws if a test names what is not there
  return out;
}

}  // namespace assent::media::samples
