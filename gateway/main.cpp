#include <CLI/CLI.hpp>
#include <iostream>

#include "gateway/version.hpp"

namespace {

int print_version() {
  std::cout << "assent " << assent::gateway::version() << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Carries a conference's media, and gives it only to whom the speakers allow.",
               "assent"};
  app.require_subcommand(1);
  int status = 0;
  app.add_subcommand("version", "Print the version")->callback([&] { status = print_version(); });
  CLI11_PARSE(app, argc, argv);
  return status;
}
