// Questions about what is kept, answered from the index and the journal beside those who write them.
//
// Each reader has a read-only connection of its own and never holds a snapshot longer than one page takes, so
// that it holds up no checkpoint. What is searched for by id or subject is found through the runs of hashes;
// texts and bodies come from the journal, which the rows point into. A reader is used by one thread at a
// time.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/clock.h"
#include "store/journal.h"
#include "store/quarantine.h"
#include "store/runs.h"
#include "store/store.h"

namespace creel::store {

// Which index there is now. The index's owner sets it, readers follow.
class IndexView {
 public:
  struct Now {
    std::uint64_t generation = 0;  // 0: there is none
    std::shared_ptr<const Runs> keys, names;
  };
  // A new index stands in the folder.
  void set(std::shared_ptr<const Runs> keys, std::shared_ptr<const Runs> names);
  // There is none until the next set().
  void clear();
  Now now() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t generations_ = 0;
  Now now_;
};

struct ReaderOptions {
  std::string folder;                          // of the index
  std::chrono::milliseconds page_time{100};    // then a page ends, however few rows it has
  std::size_t page_scan = 50'000;              // rows looked at for a page
  std::chrono::milliseconds count_time{1000};  // for counting through events, a page's rows at a time
};

// `quarantine` may be null. All outlive the reader.
std::unique_ptr<Reader> make_reader(const Journal& journal, const Quarantine* quarantine,
                                    const IndexView& view, const Clock& clock, ReaderOptions options);

}  // namespace creel::store
