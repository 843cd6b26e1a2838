#include "gateway/command_call.hpp"

#include <openssl/rand.h>
#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/command_options.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/service.hpp"
#include "gateway/startup.hpp"
#include "media/endpoint.hpp"

namespace assent::gateway {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using Socket = asio::generic::stream_protocol::socket;

struct Request {
  std::string_view method;
  const std::string& target;
  const std::string& body;
  std::string token;
};

// Empty: nobody listens there.
std::optional<Socket> connect(asio::io_context& io, const ApiConfig& api) {
  Socket socket{io};
  boost::system::error_code error;
  if (const auto* unix_socket = std::get_if<UnixSocket>(&api.listen)) {
    socket.connect(asio::local::stream_protocol::endpoint{unix_socket->path.native()}, error);
  } else {
    const auto& listen = std::get<media::Endpoint>(api.listen);
    const auto address = asio::ip::make_address(media::address_text(listen), error);
    if (!error) socket.connect(asio::ip::tcp::endpoint{address, listen.port}, error);
  }
  if (error) return std::nullopt;
  return socket;
}

CallAnswer send(Socket& socket, const Request& asked) {
  http::request<http::string_body> request{
      http::string_to_verb({asked.method.data(), asked.method.size()}), asked.target, 11};
  request.set(http::field::host, "assent");
  request.set(http::field::connection, "close");
  request.set(http::field::authorization, "Bearer " + asked.token);
  if (!asked.body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = asked.body;
  }
  request.prepare_payload();
  http::write(socket, request);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);  // an archive may be long
  http::read(socket, buffer, parser);
  return {parser.get().result_int(), std::move(parser.get().body())};
}

std::string token_in(const std::filesystem::path& file) {
  const auto text = read_whole(file);
  if (!text) throw std::runtime_error(to_string(text.error()));
  return text->substr(0, text->find_first_of("\r\n"));
}

std::string random_token() {
  Sha256 random{};
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()),
                 static_cast<int>(random.size())) != 1)
    throw std::runtime_error("the system gives no random bytes");
  return to_hex(random);
}

// Only this process's user gets in.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "assent-call-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr)
      throw std::system_error(errno, std::generic_category(), "no private folder; set TMPDIR");
    path_ = name;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The service, for one request.
CallAnswer start_and_send(const std::filesystem::path& configuration, Role role, Request request) {
  Faults faults;
  auto prepared = prepare_to_serve(configuration, Surroundings::of_process(), wall_time(), faults);
  if (!prepared) throw std::runtime_error(to_string(faults));
  const PrivateFolder folder;
  auto& config = prepared->config;
  config.api.listen = UnixSocket{folder.path() / "api.sock"};
  config.api.tls.reset();
  request.token = random_token();
  std::vector<AccessToken> tokens;
  tokens.push_back({"command-line", sha256(request.token), role, "", ""});
  Log log{{LogLevel::warning, LogFormat::text, {}}};

  asio::io_context context{1};
  Service service{context, config, std::move(prepared->policy), std::move(tokens), log};
  auto started = asio::co_spawn(context, service.start(), asio::use_future);
  std::thread control{[&context] {
    const auto guard = asio::make_work_guard(context);
    context.run();
  }};
  std::optional<CallAnswer> answer;
  std::string failure = "the service does not start; the log above says why";
  try {
    if (started.get() == StartResult::started) {
      asio::io_context io;
      auto socket = connect(io, config.api);
      if (socket) answer = send(*socket, request);
    }
  } catch (const std::exception& error) {
    failure = error.what();
  }
  asio::co_spawn(context, service.stop(CauseForClosing::shutdown), asio::use_future).get();
  context.stop();
  control.join();
  if (!answer) throw std::runtime_error(failure);
  return *std::move(answer);
}

}  // namespace

boost::json::object answer_object(const CallAnswer& answer) {
  boost::system::error_code error;
  auto body = boost::json::parse(answer.body, error);
  const auto* const object = error ? nullptr : body.if_object();
  if (answer.status != 200) {
    const auto* const detail = object == nullptr ? nullptr : object->if_contains("detail");
    throw std::runtime_error(detail != nullptr && detail->is_string()
                                 ? std::string(detail->get_string())
                                 : "the service answered " + std::to_string(answer.status));
  }
  if (object == nullptr) throw std::runtime_error("the service's answer cannot be read");
  return std::move(body.get_object());
}

CallAnswer call_service(const std::filesystem::path& configuration,
                        const std::filesystem::path& token_file, std::string_view role,
                        std::string_view method, const std::string& target,
                        const std::string& body) {
  const Config config = configuration_of(configuration);
  Request request{method, target, body, {}};
  asio::io_context io;
  auto socket = connect(io, config.api);
  if (!socket) {
    return start_and_send(configuration, role_from(role).value_or(Role::participant),
                          std::move(request));
  }
  if (config.api.tls) {
    throw std::runtime_error(
        "a service runs, and its API is served with TLS: ask it by a client that has the "
        "certificates, such as\n  curl --cacert ... -H \"Authorization: Bearer ...\" -X " +
        std::string(method) + " https://HOST" + target);
  }
  const auto file =
      token_file.empty() ? config.api.token_directory / std::string(role) : token_file;
  if (token_file.empty() && config.api.token_directory.empty()) {
    throw std::runtime_error("a service runs: give the file of a token of the role " +
                             std::string(role) + " with --token-file");
  }
  request.token = token_in(file);
  return send(*socket, request);
}

}  // namespace assent::gateway
