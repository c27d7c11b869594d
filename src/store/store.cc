#include "store/store.h"

namespace creel {

std::string_view describe(StoreError error) {
  switch (error) {
    case StoreError::full:
      return "there is no room for more events";
    case StoreError::failed:
      return "the disk failed; nothing is kept until a restart";
    case StoreError::stopping:
      return "the store is being closed";
    case StoreError::not_found:
      return "there is no such event or delivery";
    case StoreError::too_large:
      return "the request is larger than the store can keep";
    case StoreError::busy:
      return "the index could not be read in time; try again";
    case StoreError::broken:
      return "the index is being made anew; try again later";
  }
  return "unknown";
}

StoredEvent StoredEventView::copy() const {
  StoredEvent event;
  event.id = id;
  event.source = source;
  event.received = received;
  event.peer = peer;
  event.secret_label = secret_label;
  event.provider_id = provider_id;
  event.type = type;
  event.subject = subject;
  event.dedupe_key = dedupe_key;
  event.occurred = occurred;
  event.head = head;
  event.body = body;
  event.is_whole = is_whole;
  event.transformed.assign(transformed.begin(), transformed.end());
  return event;
}

}  // namespace creel
