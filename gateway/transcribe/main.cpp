#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>

#include "gateway/transcribe/config.hpp"
#include "gateway/transcribe/engines.hpp"
#include "gateway/transcribe/server.hpp"
#include "gateway/version.hpp"

namespace assent::transcribe {
namespace {

constexpr int status_failed = 1;
constexpr int status_usage = 2;
constexpr int status_misconfigured = 78;  // sysexits.h

std::function<std::unique_ptr<Engine>()> maker_of(const Config& config) {
  return [&config] {
    const auto* command = std::get_if<CommandConfig>(&config.engine);
    return command != nullptr ? make_command(*command)
                              : make_pocketsphinx(std::get<PocketSphinxConfig>(config.engine));
  };
}

int serve(const Config& config) {
  gateway::Log log{{config.log_level, config.log_format, {}}};
  const auto make_engine = maker_of(config);
  if (!make_engine()) {
    std::cerr
        << "assent-transcribe: the engine does not start\n"
           "  remedy: for PocketSphinx see to it that 'engine' names a model, a dictionary and\n"
           "  a grammar of words in it (Debian: pocketsphinx-en-us); for a command, that it is\n"
           "  there and may be run\n";
    return status_misconfigured;
  }
  boost::asio::io_context context{1};
  Server server{context, config, make_engine, log};
  if (const auto error = server.start()) {
    log.error("service.not_started", {{"error", error}});
    return status_failed;
  }
  boost::asio::signal_set signals{context, SIGINT, SIGTERM};
  signals.async_wait([&](boost::system::error_code, int) {
    signals.clear();  // the next ends it at once
    log.info("service.stopping");
    server.stop();
  });
  log.info("service.started");
  context.run();
  log.info("service.stopped");
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Makes words of the speech that the gateway gives to a sink of kind pcm: for each call and\n"
      "speaker a file of JSON lines and one of WebVTT, each segment with the consent it stands on\n"
      "and the purposes that it may serve. What is withdrawn is not in them.",
      "assent-transcribe"};
  std::filesystem::path file;
  bool only_check = false;
  bool only_version = false;
  app.add_option("--config", file,
                 "Where it listens, where it writes, what it hears with; without it on "
                 "ws://127.0.0.1:8790, by PocketSphinx, in English");
  app.add_flag("--check", only_check, "Only find what is wrong with the configuration");
  app.add_flag("--version", only_version, "Print the version");
  app.footer(
      "Examples:\n"
      "  assent-transcribe\n"
      "  assent-transcribe --config /etc/assent/transcribe.yaml\n"
      "and in the gateway's assent.yaml:\n"
      "  sinks:\n"
      "    transcriber: {kind: pcm, address: \"127.0.0.1:8790\"}\n"
      "Words that may go into a summary:\n"
      "  jq -r 'select(.purposes.summary) | .speaker + \": \" + .text' CALL/*.jsonl\n"
      "SIGTERM and Ctrl-C end it in order: what it has heard becomes words yet. The status is 78\n"
      "when the configuration is wrong; all its faults are then on standard error.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : status_usage;
  }
  if (only_version) {
    std::cout << "assent-transcribe " << gateway::version() << '\n';
    return 0;
  }
  gateway::Faults faults;
  const Config config = load_transcribe_config(file, gateway::Surroundings::of_process(), faults);
  if (!faults.empty()) {
    std::cerr << to_string(faults);
    return status_misconfigured;
  }
  return only_check ? 0 : serve(config);
}

}  // namespace
}  // namespace assent::transcribe

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);  // who started it may ignore it, and engines would not be there
  constexpr rlimit none{};        // speech in memory
  ::setrlimit(RLIMIT_CORE, &none);
  try {
    return assent::transcribe::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "assent-transcribe: " << error.what() << '\n';
    return assent::transcribe::status_failed;
  }
}
