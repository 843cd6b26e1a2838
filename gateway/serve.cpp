#include "gateway/serve.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>

#include "gateway/service.hpp"

namespace assent::gateway {
namespace asio = boost::asio;

namespace {

std::vector<AccessToken> tokens_of(const Config& config) {
  std::vector<AccessToken> tokens;
  for (const auto& token : config.api.tokens) {
    tokens.push_back({token.name, token.sha256, token.role, token.room, token.participant});
  }
  return tokens;
}

asio::awaitable<void> run_service(Service& service, Log& log, int& status) {
  // Before anything else, for SIGHUP would end a process that does not wait for it.
  asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM, SIGHUP};
  const auto started = co_await service.start();
  if (started != StartResult::started) {
    status = started == StartResult::misconfigured ? exit_misconfigured : 1;
    co_return;
  }
  log.info("service.started");
  for (;;) {
    boost::system::error_code error;
    const int signal =
        co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error || signal != SIGHUP) break;
    co_await service.reload_policy();
  }
  log.info("service.stopping");
  co_await service.stop(CauseForClosing::shutdown);
}

}  // namespace

int serve(const Config& config, LoadedPolicy policy, Log& log) {
  int status = 0;
  asio::io_context context{1};
  Service service{context, config, std::move(policy), tokens_of(config), log};
  asio::co_spawn(context, run_service(service, log, status),
                 [&](const std::exception_ptr& failure) {
                   if (failure) {
                     status = 1;
                     log.error("service.failed");
                   }
                   context.stop();
                 });
  context.run();
  log.info("service.stopped");
  return status;
}

}  // namespace assent::gateway
