#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/storage_record.hpp"
#include "policy/event.hpp"

namespace assent::gateway {

// The record of one holding of a room, on its way to storage: every event that its policy took,
// numbered from 1. What storage refuses comes back and goes with the next; one that is lost for
// good leaves its number missing, which whoever reads the record notices.
class RoomJournal {
 public:
  RoomJournal(std::string session, std::string room);

  // `rules`: the hash of those that the event was decided under; `subject`: of its participant.
  void note(WallTime at, const policy::Event& event, std::string subject, std::string rules);

  // What has not been handed to storage, in order; it is now.
  [[nodiscard]] std::vector<RoomEvent> take();
  // Storage did not store them.
  void give_back(std::vector<RoomEvent> events);

  static constexpr std::size_t waiting_max = 4'096;

 private:
  std::string session_;
  std::string room_;
  std::uint64_t last_seq_ = 0;
  WallTime last_at_{};
  std::vector<RoomEvent> waiting_;
};

}  // namespace assent::gateway
