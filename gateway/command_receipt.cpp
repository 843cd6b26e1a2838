#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "gateway/command.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/ledger_key.hpp"
#include "gateway/signed_receipt.hpp"

namespace assent::gateway {
namespace {

class ReceiptCommand final : public Command {
 public:
  explicit ReceiptCommand(CLI::App& app)
      : Command{app, "receipt", "Whether consent receipts are genuine, and what they say"} {
    options()
        .add_option("FILE", receipts_, "The receipts, as they were downloaded: one a line")
        ->required()
        ->check(CLI::ExistingFile);
    options()
        .add_option("--key", key_, "Verifier key of the ledger that signed it")
        ->required()
        ->check(CLI::ExistingFile);
    options().footer(
        "Examples:\n"
        "  assent receipt mine.jws --key assent.vkey\n"
        "Needs no service and no network. Prints each as JSON when it is genuine. The key is "
        "in\n"
        "the ledger's folder (vkey) and at GET /v1/ledger/key; get it from whom you trust.");
  }

  int run() override {
    const auto key = read_verifier_key(key_);
    const auto text = read_whole(receipts_);
    if (!key) throw std::runtime_error(to_string(key.error()));
    if (!text) throw std::runtime_error(to_string(text.error()));
    std::istringstream lines{*text};
    unsigned number = 0;
    for (std::string one; std::getline(lines, one);) {
      const auto opened = open_receipt(one, *key);
      const std::string place = receipts_.string() + ":" + std::to_string(++number) + ": ";
      if (!opened) throw std::runtime_error(place + opened.error().what);
      std::cout << *opened << '\n';
    }
    if (number == 0) throw std::runtime_error(receipts_.string() + " is empty");
    return status_sound;
  }

 private:
  std::filesystem::path receipts_;
  std::filesystem::path key_;
};

}  // namespace

std::unique_ptr<Command> make_receipt(CLI::App& app) {
  return std::make_unique<ReceiptCommand>(app);
}

}  // namespace assent::gateway
