// What people may ask for, on the command line: export and erase.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>

#include "gateway/command.hpp"
#include "gateway/command_call.hpp"
#include "gateway/command_options.hpp"
#include "gateway/durable_file.hpp"
#include "gateway/id.hpp"
#include "gateway/subject_archive.hpp"

namespace assent::gateway {
namespace {

namespace json = boost::json;

// --subject, and the service that is asked.
class AboutSubject : public Command {
 protected:
  AboutSubject(CLI::App& app, const char* name, const char* summary) : Command{app, name, summary} {
    options().add_option("--subject", subject_, "Whose data: the pseudonymous id")->required();
    options().add_option("--config", configuration_,
                         "The service's configuration; without it, the built-in one");
    options().add_option("--token-file", token_,
                         "A token of the role privacy-officer, for a service that runs; without "
                         "it, the one in the service's directory of tokens");
  }

  json::object ask(std::string_view method) const {
    if (!is_id(subject_))
      throw CLI::ValidationError("--subject", "must be 1 to 64 of A-Z a-z 0-9 . _ ~ -");
    return answer_object(call_service(configuration_, token_, "privacy-officer", method,
                                      "/v1/subjects/" + subject_));
  }

 private:
  std::string subject_;
  std::filesystem::path configuration_;
  std::filesystem::path token_;
};

void write_private(const std::filesystem::path& file, const std::string& text) {
  if (const auto error = create_private_file(file, text)) {
    throw std::system_error(error, error == std::errc::file_exists
                                       ? file.string() + " is there already; name another folder"
                                       : file.string() + " cannot be written");
  }
}

class ExportCommand final : public AboutSubject {
 public:
  explicit ExportCommand(CLI::App& app)
      : AboutSubject{app, "export", "All that is kept about a person, for that person to read"} {
    options()
        .add_option("--out", out_, "A folder for the archive; made if it is not there")
        ->required();
    options().footer(
        "Examples:\n"
        "  assent export --subject s-4711 --out archive-of-s-4711\n"
        "Writes index.html, which explains each part in plain words, archive.json with the same "
        "for\n"
        "programs, and receipts.jws with the person's signed receipts. Only you can read the "
        "files:\n"
        "hand them to nobody but the person. A service that runs is asked by its API; one that "
        "does\n"
        "not is started for the request. That it was asked for is recorded in the ledger.");
  }

  int run() override {
    const auto archive = ask("GET");
    if (const auto error = make_private_folder(out_))
      throw std::system_error(error, out_.string() + " cannot be made");
    write_private(out_ / "archive.json", json::serialize(archive) + "\n");
    write_private(out_ / "index.html", archive_page(archive));
    std::string receipts;
    for (const auto& receipt : archive.at("receipts").as_array())
      receipts += std::string(receipt.at("jws").as_string()) + "\n";
    if (!receipts.empty()) write_private(out_ / "receipts.jws", receipts);
    std::cout << "Written: " << (out_ / "index.html").string() << "\n";
    return status_sound;
  }

 private:
  std::filesystem::path out_;
};

class EraseCommand final : public AboutSubject {
 public:
  explicit EraseCommand(CLI::App& app)
      : AboutSubject{app, "erase", "Forget who a person is, for good"} {
    options().add_flag("--yes", sure_, "Really; without it nothing is done");
    options().footer(
        "Examples:\n"
        "  assent erase --subject s-4711 --yes\n"
        "Withdraws everything in running calls (they flow on), deletes recordings, tells other "
        "sinks\n"
        "by the webhook event subject_erased, puts pseudonyms in the place of the person, and "
        "destroys\n"
        "the key by which the ledger knew the person. When it is done, nothing on disk names the\n"
        "person. Prints what became of it, and what the law has you keep. After a failure, repeat "
        "it.\n"
        "What others hold, and your backups of the state directory, are yours to see to.");
  }

  int run() override {
    if (!sure_)
      throw CLI::ValidationError("--yes", "is required: what is erased cannot be brought back");
    std::cout << json::serialize(ask("DELETE")) << '\n';
    return status_sound;
  }

 private:
  bool sure_ = false;
};

}  // namespace

std::unique_ptr<Command> make_export(CLI::App& app) {
  return std::make_unique<ExportCommand>(app);
}
std::unique_ptr<Command> make_erase(CLI::App& app) {
  return std::make_unique<EraseCommand>(app);
}

}  // namespace assent::gateway
