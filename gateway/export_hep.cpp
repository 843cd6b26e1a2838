// Records to a capture server (HEP, version 3), one a packet, as text of the type `log`.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "gateway/export_sender.hpp"
#include "gateway/hep3.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds within{10};
constexpr std::size_t envelope_bytes_max = 512;  // addresses, key, correlation

asio::ip::address address_of(const media::Endpoint& endpoint) {
  return asio::ip::make_address(media::address_text(endpoint));
}
media::Endpoint endpoint_of(const asio::ip::address& address, std::uint16_t port) {
  return media::parse_endpoint(address.to_string(), port).value_or(media::Endpoint{});
}

class HepSender final : public ExportSender {
 public:
  HepSender(asio::any_io_executor executor, const HepExport& config)
      : executor_{std::move(executor)}, config_{config} {}

  // Without intervals, if they are what makes it too large.
  bool fit(Cdr& record) const override {
    const auto fits = [&] {
      return to_json(record).size() + envelope_bytes_max <= hep_datagram_bytes_max;
    };
    if (fits()) return true;
    for (auto& leg : record.legs)
      for (auto& route : leg.routes)
        route.delivered.clear();
    return fits();
  }

  asio::awaitable<ExportOutcome> send(const ExportBatch& batch, ExportPlace&) override {
    if (cancelled_) co_return fail("cancelled");
    boost::system::error_code error;
    if (config_.transport == HepTransport::udp) {
      error = co_await send_datagrams(batch);
    } else {
      error = co_await send_stream(batch);
    }
    if (error || cancelled_) co_return fail(error.message());
    co_return ExportOutcome::sent;
  }
  void cancel() override {
    cancelled_ = true;
    if (stream_ != nullptr) stream_->cancel();
    if (socket_ != nullptr) socket_->cancel();
  }

 private:
  [[nodiscard]] std::string packet_of(const Cdr& record, const media::Endpoint& from) const {
    const std::string payload = to_json(record);
    HepPacket packet;
    packet.source = from;
    packet.destination = config_.address;
    packet.at = record.at;
    packet.capture_id = config_.capture_id;
    packet.key = config_.key;
    packet.correlation = record.session;
    packet.payload = payload;
    return hep3(packet).value_or("");  // fit() has seen to it
  }

  // Nobody answers: what the system took is sent.
  asio::awaitable<boost::system::error_code> send_datagrams(const ExportBatch& batch) {
    asio::ip::udp::socket socket{executor_};
    boost::system::error_code error;
    socket.connect({address_of(config_.address), config_.address.port}, error);
    if (error) co_return error;
    socket_ = &socket;
    const auto local = socket.local_endpoint(error);
    const auto from = endpoint_of(local.address(), local.port());
    for (const auto& record : batch.records) {
      const std::string packet = packet_of(record, from);
      const auto bytes = asio::buffer(packet);
      co_await socket.async_send(bytes, asio::redirect_error(asio::use_awaitable, error));
      if (error || cancelled_) break;
    }
    socket_ = nullptr;
    co_return error;
  }

  asio::awaitable<boost::system::error_code> send_stream(const ExportBatch& batch) {
    boost::beast::tcp_stream stream{executor_};
    stream_ = &stream;
    stream.expires_after(within);
    boost::system::error_code error;
    const asio::ip::tcp::endpoint to{address_of(config_.address), config_.address.port};
    co_await stream.async_connect(to, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      const auto local = stream.socket().local_endpoint(error);
      std::string packets;
      for (const auto& record : batch.records)
        packets += packet_of(record, endpoint_of(local.address(), local.port()));
      const auto bytes = asio::buffer(packets);
      co_await asio::async_write(stream, bytes, asio::redirect_error(asio::use_awaitable, error));
    }
    if (!error) stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    stream_ = nullptr;
    co_return error;
  }

  asio::any_io_executor executor_;
  const HepExport& config_;
  boost::beast::tcp_stream* stream_ = nullptr;  // under way
  asio::ip::udp::socket* socket_ = nullptr;     // under way
  bool cancelled_ = false;                      // for good
};

}  // namespace

std::unique_ptr<ExportSender> make_hep_sender(const asio::any_io_executor& executor,
                                              const ExportConfig& config) {
  return std::make_unique<HepSender>(executor, std::get<HepExport>(config.to));
}

}  // namespace assent::gateway
