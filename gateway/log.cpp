#include "gateway/log.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace assent::gateway {
namespace {

constexpr std::size_t pseudonym_bytes = 6;  // 48 bits: enough to tell a site's rooms apart

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

class CallbackSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallbackSink(std::function<void(std::string_view)> to) : to_{std::move(to)} {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    to_({line.data(), line.size()});
  }
  void flush_() override {}

  std::function<void(std::string_view)> to_;
};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

std::string json_string(std::string_view text) {
  return boost::json::serialize(boost::json::string{text});
}

// As it is if a person could not mistake where it ends, in JSON's quotes otherwise.
std::string text_string(std::string_view text) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '='; };
  for (const char c : text) {
    if (!is_plain(c)) return json_string(text);
  }
  return text.empty() ? "\"\"" : std::string{text};
}

}  // namespace

class Log::Writer {
 public:
  explicit Writer(LogOptions options) : format_{options.format} {
    if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
      throw std::runtime_error{"no random bytes for the pseudonyms of logs"};
    }
    const bool to_stderr = !options.to;
    spdlog::sink_ptr sink;
    if (to_stderr) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<CallbackSink>(std::move(options.to));
    }
    logger_ = std::make_unique<spdlog::logger>("assent", std::move(sink));
    logger_->set_level(spdlog_level(options.level));
    logger_->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format_ == LogFormat::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                                   : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v",
        spdlog::pattern_time_type::utc, to_stderr ? "\n" : ""));
  }

  void write(spdlog::level::level_enum level, LogWord event, Fields fields) {
    if (!logger_->should_log(level)) return;
    std::string line = format_ == LogFormat::json ? "\"event\":" + json_string(event.text())
                                                  : std::string{event.text()};
    for (const LogField& field : fields)
      append(line, field);
    logger_->log(level, spdlog::string_view_t{line.data(), line.size()});
  }

  [[nodiscard]] std::string pseudonym(std::string_view kind, std::string_view room,
                                      std::string_view participant) const {
    // Ids hold no line feeds, so that no two names make the same text.
    std::string text{kind};
    text.append(1, '\n').append(room).append(1, '\n').append(participant);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
             &size) == nullptr) {
      return "unnamed";  // out of memory: say nothing rather than the name
    }
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < pseudonym_bytes; ++i) {
      out += digits[digest.at(i) >> 4U];
      out += digits[digest.at(i) & 0xfU];
    }
    return out;
  }

 private:
  void append(std::string& line, const LogField& field) const {
    const bool json = format_ == LogFormat::json;
    const bool is_duration = std::holds_alternative<std::chrono::microseconds>(field.value());
    const std::string name = std::string{field.name()} + (is_duration ? "_us" : "");
    line += json ? ',' + json_string(name) + ':' : ' ' + name + '=';
    line += std::visit(
        Overloaded{
            [](bool value) { return std::string{value ? "true" : "false"}; },
            [](std::int64_t value) { return std::to_string(value); },
            [](std::uint64_t value) { return std::to_string(value); },
            [](double value) { return boost::json::serialize(boost::json::value(value)); },
            [](std::chrono::microseconds value) { return std::to_string(value.count()); },
            [json](std::string_view value) {
              return json ? json_string(value) : text_string(value);
            },
            [json](std::error_code value) {
              return json ? json_string(value.message()) : text_string(value.message());
            },
            [this, json](LoggedRoom value) {
              const std::string name_of_room = pseudonym("room", value.room, "");
              return json ? json_string(name_of_room) : name_of_room;
            },
            [this, json](LoggedParticipant value) {
              const std::string name_of_participant =
                  pseudonym("participant", value.room, value.participant);
              return json ? json_string(name_of_participant) : name_of_participant;
            },
        },
        field.value());
  }

  LogFormat format_;
  std::array<unsigned char, 32> key_{};
  std::unique_ptr<spdlog::logger> logger_;
};

Log::Log(LogOptions options) : writer_{std::make_unique<Writer>(std::move(options))} {}
Log::~Log() = default;

void Log::debug(LogWord event, Fields fields) {
  writer_->write(spdlog::level::debug, event, fields);
}
void Log::info(LogWord event, Fields fields) {
  writer_->write(spdlog::level::info, event, fields);
}
void Log::warning(LogWord event, Fields fields) {
  writer_->write(spdlog::level::warn, event, fields);
}
void Log::error(LogWord event, Fields fields) {
  writer_->write(spdlog::level::err, event, fields);
}

std::string Log::pseudonym(LoggedRoom room) const {
  return writer_->pseudonym("room", room.room, "");
}
std::string Log::pseudonym(LoggedParticipant participant) const {
  return writer_->pseudonym("participant", participant.room, participant.participant);
}

}  // namespace assent::gateway
