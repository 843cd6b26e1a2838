#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/command.hpp"
#include "gateway/fault.hpp"
#include "gateway/version.hpp"

namespace assent::gateway {
namespace {

class VersionCommand final : public Command {
 public:
  explicit VersionCommand(CLI::App& app) : Command{app, "version", "Print the version"} {}
  int run() override {
    std::cout << "assent " << version() << '\n';
    return status_sound;
  }
};

// CLI11 would only say that a command is required.
bool names_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]}.starts_with('-')) return false;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return false;
  const std::vector<std::string_view> possible(names.begin(), names.end());
  std::cerr << "assent: " << as_shown(argv[1]) << " is not a command; "
            << suggest(argv[1], possible) << '\n';
  return true;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Carries a conference's media, and gives it to recorders and other sinks only as far as\n"
      "each speaker allows.",
      "assent"};
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  assent check /etc/assent/assent.yaml\n"
      "                               find all faults of a configuration at once\n"
      "  assent explain --room standup --participant ann --purpose recording\n"
      "                               why her media goes there, or not\n"
      "  assent replay --annul dpf --on 2026-12-01\n"
      "                               which sinks would stop if that framework fell\n"
      "  assent cdrs --format csv > calls.csv\n"
      "                               call detail records for other programs\n"
      "  assent transfers --svg transfers.svg\n"
      "                               what went to whom, where, and by what right\n"
      "Each command explains itself:  assent check --help");
  std::vector<std::unique_ptr<Command>> commands;
  for (const auto make :
       {make_serve, make_check, make_schema, make_explain, make_replay, make_cdrs, make_transfers,
        make_verify, make_receipt, make_export, make_erase, make_retain, make_version})
    commands.push_back(make(app));
  if (names_unknown_command(app, argc, argv)) return status_usage;
  try {
    app.parse(argc, argv);
    for (const auto& command : commands)
      if (command->is_chosen()) return command->run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? status_sound : status_usage;
  }
  return status_usage;  // CLI11 requires a command
}

}  // namespace

std::unique_ptr<Command> make_version(CLI::App& app) {
  return std::make_unique<VersionCommand>(app);
}

}  // namespace assent::gateway

int main(int argc, char** argv) {
  try {
    return assent::gateway::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "assent: " << error.what() << '\n';
    return assent::gateway::status_faults;
  }
}
