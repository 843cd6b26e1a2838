#include "gateway/plain_or_tls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/role.hpp>
#include <exception>
#include <numeric>
#include <string>
#include <vector>

#include "tests/gateway/certificate.hpp"
#include "tests/gateway/temporary_folder.hpp"

namespace assent::gateway::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

// What one side says, and the other hears.
struct Heard {
  std::string text;
  bool ended = false;
};

class PlainOrTlsTest : public testing::Test {
 public:  // of the two sides
  std::vector<tcp::endpoint> here() const { return {acceptor_.local_endpoint()}; }
  asio::awaitable<PlainOrTls> accepted() {
    auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
    co_return PlainOrTls{std::move(socket)};
  }
  void run(asio::awaitable<void> one, asio::awaitable<void> other) {
    const auto over = [](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
    };
    asio::co_spawn(io_, std::move(one), over);
    asio::co_spawn(io_, std::move(other), over);
    io_.run();
    io_.restart();
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
};

// More buffers than one operation takes, and more bytes than a record holds.
std::vector<std::string> pieces() {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < 40; ++i)
    all.emplace_back(i % 7 == 0 ? 0 : 40 * i, static_cast<char>('a' + i % 26));
  all.emplace_back(100'000, 'z');
  return all;
}

asio::awaitable<void> say(PlainOrTls& stream) {
  const auto all = pieces();
  std::vector<asio::const_buffer> buffers;
  for (const auto& piece : all)
    buffers.push_back(asio::buffer(piece));
  co_await asio::async_write(stream, buffers, asio::use_awaitable);
  co_await stream.part();
}

asio::awaitable<void> connect_and_say(std::vector<tcp::endpoint> to, asio::io_context& io) {
  PlainOrTls stream{io.get_executor()};
  const bool connected = co_await stream.connect(to);
  EXPECT_TRUE(connected);
  co_await say(stream);
  EXPECT_FALSE(stream.is_open());
}

asio::awaitable<void> hear(PlainOrTls& stream, Heard& heard) {
  boost::system::error_code error;
  while (!error) {
    std::array<char, 700> first;
    std::array<char, 3> second;
    const std::array<asio::mutable_buffer, 2> into{asio::buffer(first), asio::buffer(second)};
    const auto bytes =
        co_await stream.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    heard.text.append(first.data(), std::min(bytes, first.size()));
    if (bytes > first.size()) heard.text.append(second.data(), bytes - first.size());
  }
  heard.ended = error == asio::error::eof;
  stream.close();
}

std::string whole() {
  const auto all = pieces();
  return std::accumulate(all.begin(), all.end(), std::string{});
}

TEST_F(PlainOrTlsTest, WhatIsWrittenArrivesAsItIsAndThenTheEnd) {
  Heard heard;
  const auto server = [](PlainOrTlsTest* self, Heard& of) -> asio::awaitable<void> {
    auto stream = co_await self->accepted();
    co_await hear(stream, of);
  };
  run(connect_and_say(here(), io_), server(this, heard));
  EXPECT_EQ(heard.text, whole());
  EXPECT_TRUE(heard.ended);
}

TEST_F(PlainOrTlsTest, OverTlsItArrivesTooFromWhoseCertificateIsTheHosts) {
  const TemporaryFolder folder;
  asio::ssl::context own{asio::ssl::context::tls_server};
  use_certificate(own, "here.example", folder.path() / "here.pem");
  asio::ssl::context theirs{asio::ssl::context::tls_client};
  theirs.load_verify_file((folder.path() / "here.pem").string());
  theirs.set_verify_mode(asio::ssl::verify_peer);
  for (const std::string host : {"here.example", "elsewhere.example"}) {
    Heard heard;
    const bool is_right = host == "here.example";
    const auto client = [&](PlainOrTlsTest* self) -> asio::awaitable<void> {
      PlainOrTls stream{self->io_.get_executor()};
      const bool connected = co_await stream.connect(self->here());
      EXPECT_TRUE(connected);
      const bool trusted = co_await stream.offer_tls(theirs, host);
      EXPECT_EQ(trusted, is_right);
      if (trusted) co_await say(stream);
    };
    const auto server = [&](PlainOrTlsTest* self) -> asio::awaitable<void> {
      auto stream = co_await self->accepted();
      const bool agreed = co_await stream.accept_tls(own);
      if (agreed) co_await hear(stream, heard);
    };
    run(client(this), server(this));
    EXPECT_EQ(heard.text, is_right ? whole() : "");
    EXPECT_EQ(heard.ended, is_right);
  }
}

TEST_F(PlainOrTlsTest, TheNextAddressIsTriedWhereNobodyListens) {
  tcp::acceptor nobody{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  const std::vector<tcp::endpoint> silent{nobody.local_endpoint()};
  const std::vector<tcp::endpoint> then_here{silent.front(), here().front()};
  nobody.close();
  const auto client = [](std::vector<tcp::endpoint> one, std::vector<tcp::endpoint> both,
                         asio::io_context& io) -> asio::awaitable<void> {
    PlainOrTls stream{io.get_executor()};
    const bool reached = co_await stream.connect(one);
    EXPECT_FALSE(reached);
    const bool connected = co_await stream.connect(both);
    EXPECT_TRUE(connected);
  };
  const auto server = [](PlainOrTlsTest* self) -> asio::awaitable<void> {
    const auto stream = co_await self->accepted();
  };
  run(client(silent, then_here, io_), server(this));
}

TEST_F(PlainOrTlsTest, AtItsDeadlineWhateverWaitsFailsAndNotBeforeANewOne) {
  bool ended = false;
  const auto client = [&](PlainOrTlsTest* self) -> asio::awaitable<void> {
    PlainOrTls stream{self->io_.get_executor()};
    const bool connected = co_await stream.connect(self->here());
    EXPECT_TRUE(connected);
    stream.expires_after(1ms);
    stream.expires_never();
    asio::steady_timer pause{self->io_, 20ms};
    co_await pause.async_wait(asio::use_awaitable);
    EXPECT_TRUE(stream.is_open()) << "the deadline was another by then";
    stream.expires_after(1ms);
    boost::system::error_code error;
    std::array<char, 1> nothing;
    co_await stream.async_read_some(asio::buffer(nothing),
                                    asio::redirect_error(asio::use_awaitable, error));
    EXPECT_TRUE(error);
    EXPECT_FALSE(stream.is_open());
    const bool again = co_await stream.connect(self->here());
    EXPECT_FALSE(again) << "it is over";
    ended = true;
  };
  const auto server = [](PlainOrTlsTest* self) -> asio::awaitable<void> {
    auto stream = co_await self->accepted();
    Heard heard;
    co_await hear(stream, heard);
  };
  run(client(this), server(this));
  EXPECT_TRUE(ended);
}

TEST_F(PlainOrTlsTest, WhoeverPartsHearsNothingMoreAndThePeerLosesNothing) {
  Heard heard;
  const auto server = [](PlainOrTlsTest* self, Heard& of) -> asio::awaitable<void> {
    auto stream = co_await self->accepted();
    const std::string unread(50'000, 'u');  // while the client says something itself
    co_await asio::async_write(stream, asio::buffer(unread), asio::use_awaitable);
    co_await hear(stream, of);
  };
  run(connect_and_say(here(), io_), server(this, heard));
  EXPECT_EQ(heard.text, whole());
}

TEST_F(PlainOrTlsTest, AServersWebSocketEndsThoughTheClientStays) {
  bool over = false;
  const auto server = [&](PlainOrTlsTest* self) -> asio::awaitable<void> {
    auto stream = co_await self->accepted();
    asio::steady_timer end{self->io_, 10s};
    async_teardown(boost::beast::role_type::server, stream, [&](boost::system::error_code) {
      over = true;
      end.cancel();
    });
    boost::system::error_code woken;
    co_await end.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    EXPECT_TRUE(over);
    EXPECT_FALSE(stream.is_open());
    stream.close();
  };
  const auto client = [](PlainOrTlsTest* self) -> asio::awaitable<void> {
    PlainOrTls stream{self->io_.get_executor()};
    const bool connected = co_await stream.connect(self->here());
    EXPECT_TRUE(connected);
    boost::system::error_code error;
    while (!error) {  // it never closes
      co_await stream.async_write_some(asio::buffer("x", 1),
                                       asio::redirect_error(asio::use_awaitable, error));
      asio::steady_timer pause{self->io_, 20ms};
      co_await pause.async_wait(asio::use_awaitable);
    }
  };
  run(client(this), server(this));
}

}  // namespace
}  // namespace assent::gateway::test
