#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "gateway/check.hpp"
#include "gateway/command.hpp"
#include "gateway/command_options.hpp"
#include "gateway/embedded.hpp"

namespace assent::gateway {
namespace {

class CheckCommand final : public Command {
 public:
  explicit CheckCommand(CLI::App& app)
      : Command{app, "check",
                "Find everything that is wrong with configuration files, and say how to mend it"} {
    options().add_option(
        "FILE", files_,
        "assent.yaml, policy.yaml, jurisdictions.yaml or transfers.yaml; none: the "
        "built-in ones");
    options().add_flag("--elsewhere", is_for_elsewhere_,
                       "The files are for another machine: do not look for its directories, keys "
                       "and certificates on this one");
    options().footer(
        "Examples:\n"
        "  assent check /etc/assent/assent.yaml\n"
        "  assent check --elsewhere production/assent.yaml staging/assent.yaml\n"
        "  assent check policy.yaml jurisdictions.yaml\n"
        "A configuration is checked with the policy that it names. A file of the policy alone is\n"
        "checked with the others given, or else with those that are built in.\n"
        "Faults read FILE:LINE:COLUMN: what is wrong, and a remedy below; warnings say what is "
        "sound\n"
        "and still denies, such as a rule past its review date. The status is 0 when all is "
        "sound,\n"
        "1 when something is wrong.");
  }

  int run() override {
    auto surroundings = Surroundings::of_process();
    surroundings.is_here = !is_for_elsewhere_;
    const bool sound = check_files(files_, surroundings, wall_time(), std::cout, std::cerr);
    return sound ? status_sound : status_faults;
  }

 private:
  std::vector<std::filesystem::path> files_;
  bool is_for_elsewhere_ = false;
};

class SchemaCommand final : public Command {
 public:
  explicit SchemaCommand(CLI::App& app)
      : Command{app, "schema",
                "Print the JSON Schema of a configuration file, so that an editor helps to write "
                "it"} {
    options()
        .add_option("FILE", file_, "assent, policy, jurisdictions or transfers; without it assent")
        ->check(CLI::IsMember({"assent", "policy", "jurisdictions", "transfers"}));
    options().footer(
        "Examples:\n"
        "  assent schema policy > policy.schema.json\n"
        "Beside policy.yaml, an editor with the YAML language server finds it by the file's first "
        "line:\n"
        "  # yaml-language-server: $schema=policy.schema.json\n"
        "It knows the form of a file. `assent check` knows besides whether what it says is sound.");
  }

  int run() override {
    std::cout << embedded(file_ + ".schema.json").value();
    return status_sound;
  }

 private:
  std::string file_ = "assent";
};

}  // namespace

std::unique_ptr<Command> make_check(CLI::App& app) {
  return std::make_unique<CheckCommand>(app);
}
std::unique_ptr<Command> make_schema(CLI::App& app) {
  return std::make_unique<SchemaCommand>(app);
}

}  // namespace assent::gateway
