#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "gateway/config.hpp"
#include "gateway/fault.hpp"
#include "gateway/log.hpp"
#include "media/endpoint.hpp"

// What transcribe.yaml says. config/transcribe.yaml documents every key.
namespace assent::transcribe {

// Where the gateway connects to: what the sink of kind `pcm` in assent.yaml says, from the other
// side.
struct Listening {
  std::variant<media::Endpoint, gateway::UnixSocket> address;
  gateway::PcmTransport transport = gateway::PcmTransport::websocket;
  bool operator==(const Listening&) const = default;
};

struct PocketSphinxConfig {
  std::filesystem::path model;
  std::filesystem::path dictionary;
  std::filesystem::path language_model;  // one of the two
  std::filesystem::path grammar;         //
  bool operator==(const PocketSphinxConfig&) const = default;
};

// A program that reads signed samples of 16 bits, little-endian, one channel, 16 kHz, and writes
// what it hears: gateway/transcribe/spoken_line.hpp.
struct CommandConfig {
  std::vector<std::string> command;
  bool operator==(const CommandConfig&) const = default;
};

struct Config {
  std::vector<Listening> listen;
  std::filesystem::path directory;
  std::variant<PocketSphinxConfig, CommandConfig> engine;
  std::size_t streams_max = 32;
  gateway::LogLevel log_level = gateway::LogLevel::info;
  gateway::LogFormat log_format = gateway::LogFormat::json;
};

// Of the file, or without one what holds where a file says nothing. Meaningless if there are
// faults.
[[nodiscard]] Config load_transcribe_config(const std::filesystem::path& file,
                                            const gateway::Surroundings& surroundings,
                                            gateway::Faults& faults);

}  // namespace assent::transcribe
