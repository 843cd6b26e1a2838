#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <vector>

namespace assent::gateway {

inline constexpr int status_sound = 0;
inline constexpr int status_faults = 1;
inline constexpr int status_usage = 2;

// One word of the command line, with what may follow it.
class Command {
 public:
  virtual ~Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // What it does, after its options were read: answers the process's status. Throws what standard
  // error shall say; CLI::ParseError where an option makes no sense.
  virtual int run() = 0;

  [[nodiscard]] bool is_chosen() const { return options_->parsed(); }

 protected:
  Command(CLI::App& app, const char* name, const char* summary)
      : options_{app.add_subcommand(name, summary)} {}
  [[nodiscard]] CLI::App& options() { return *options_; }

 private:
  CLI::App* options_;  // owned by the app it was added to
};

// Each adds its command to the app, which must outlive it.
std::unique_ptr<Command> make_serve(CLI::App& app);
std::unique_ptr<Command> make_check(CLI::App& app);
std::unique_ptr<Command> make_schema(CLI::App& app);
std::unique_ptr<Command> make_explain(CLI::App& app);
std::unique_ptr<Command> make_replay(CLI::App& app);
std::unique_ptr<Command> make_cdrs(CLI::App& app);
std::unique_ptr<Command> make_transfers(CLI::App& app);
std::unique_ptr<Command> make_verify(CLI::App& app);
std::unique_ptr<Command> make_receipt(CLI::App& app);
std::unique_ptr<Command> make_export(CLI::App& app);
std::unique_ptr<Command> make_erase(CLI::App& app);
std::unique_ptr<Command> make_retain(CLI::App& app);
std::unique_ptr<Command> make_version(CLI::App& app);

}  // namespace assent::gateway
