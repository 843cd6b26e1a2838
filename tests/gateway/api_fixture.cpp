#include "tests/gateway/api_fixture.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <future>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace assent::gateway::testing {

namespace asio = boost::asio;

namespace {

std::vector<AccessToken> tokens() {
  std::vector<AccessToken> all;
  for (std::size_t i = 0; i < roles; ++i) {
    const auto role = static_cast<Role>(i);
    AccessToken token;
    token.name = std::string(to_string(role)) + "-1";
    token.hash = sha256(token_of(role));
    token.role = role;
    if (is_bound(role)) {
      token.room = "r1";
      token.participant = "p1";
    }
    all.push_back(std::move(token));
  }
  return all;
}

}  // namespace

std::string_view token_of(Role role) {
  switch (role) {
    case Role::conference_server:
      return server_token;
    case Role::operator_:
      return operator_token;
    case Role::privacy_officer:
      return officer_token;
    case Role::participant:
      return participant_token;
    case Role::guardian:
      return guardian_token;
  }
  return {};
}

struct Api::Parts {
  explicit Parts(const ApiOptions& options, std::function<void()> report)
      : access{tokens()},
        dispatcher{access, [report](std::string_view, std::string_view) { report(); },
                   options.idempotency},
        hub{context.get_executor(), "run1", options.events},
        server{std::in_place, context.get_executor(), dispatcher, options.http} {}

  Access access;
  Dispatcher dispatcher;
  asio::io_context context{1};  // its connections refer to what is above
  EventHub hub;
  std::optional<HttpServer> server;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::thread thread;
};

Api::Api(ApiOptions options) : parts_{std::make_unique<Parts>(options, [this] { ++incidents; })} {
  for (const ApiRoute& route : api_routes()) {
    const std::string id{route.operation_id};
    const bool with_body = route.takes == Takes::json;
    dispatcher().bind(
        route.operation,
        [this, id, with_body](const HttpRequest& request) -> asio::awaitable<HttpResponse> {
          const int count = ++calls;
          std::string body = "{\"operation\":\"" + id + "\",\"call\":" + std::to_string(count);
          if (with_body) body += ",\"got\":" + std::to_string(request.body.size());
          co_return json_response(body + "}");
        });
  }
  dispatcher().bind(Operation::get_events,
                    [this](const HttpRequest& request) -> asio::awaitable<HttpResponse> {
                      co_return parts_->hub.subscribe(request);
                    });
  dispatcher().bind(Operation::post_offer,
                    [this](const HttpRequest&) -> asio::awaitable<HttpResponse> {
                      const int count = ++calls;
                      if (slow_offer) {
                        asio::steady_timer timer{parts_->context};
                        timer.expires_after(std::chrono::milliseconds{300});
                        co_await timer.async_wait(asio::use_awaitable);
                      }
                      co_return json_response("{\"call\":" + std::to_string(count) + "}");
                    });
}

Api::~Api() {
  if (parts_->thread.joinable()) stop();
}

Dispatcher& Api::dispatcher() {
  return parts_->dispatcher;
}
HttpServer& Api::server() {
  return *parts_->server;
}

std::uint16_t Api::listen() {
  port_ = server().listen_tcp("127.0.0.1", 0).value();
  return port_;
}

void Api::start() {
  parts_->work.emplace(parts_->context.get_executor());
  parts_->thread = std::thread{[this] { parts_->context.run(); }};
}

HttpServerStatus Api::stop(std::chrono::milliseconds grace) {
  std::future<void> stopped =
      asio::co_spawn(parts_->context, parts_->server->stop(grace), asio::use_future);
  stopped.get();
  const HttpServerStatus last = status();
  on_control_thread([this] { parts_->hub.close(); });
  parts_->work.reset();
  parts_->thread.join();
  return last;
}

void Api::on_control_thread(const std::function<void()>& work) {
  std::promise<void> done;
  asio::post(parts_->context, [&] {
    work();
    done.set_value();
  });
  done.get_future().get();
}

HttpServerStatus Api::status() {
  HttpServerStatus result;
  on_control_thread([&] { result = server().status(); });
  return result;
}

std::size_t Api::subscribers() {
  std::size_t result = 0;
  on_control_thread([&] { result = parts_->hub.subscribers(); });
  return result;
}

void Api::publish(std::string_view type, std::string_view room, std::string_view json) {
  on_control_thread([&] { parts_->hub.publish(type, room, json); });
}

void Api::publish_at_once(int events) {
  on_control_thread([&] {
    for (int i = 1; i <= events; ++i)
      parts_->hub.publish("e", "r1", std::to_string(i));
  });
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "assent-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace assent::gateway::testing
