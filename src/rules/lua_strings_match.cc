#include "rules/lua_strings_match.h"

#include <cstring>
#include <lua.hpp>

#include "rules/lua_budget.h"

namespace creel {
namespace {

using Kind = PatternItem::Kind;
using Repeat = PatternItem::Repeat;

// At once; where Lua draws the line.
constexpr unsigned kChoicesMax = 199;

unsigned char byte_of(char letter) {
  return static_cast<unsigned char>(letter);
}

// Something to come back to when what follows does not match.
struct Choice {
  const PatternItem* item;
  const char* low;  // of greedy items: the least they may take
  const char* at;
};

bool holds(const PatternItem& item, char letter) {
  switch (item.kind) {
    case Kind::literal:
      return byte_of(letter) == item.byte;
    case Kind::any:
      return true;
    default:
      return item.set->has(byte_of(letter));
  }
}

// The end of as many as there are.
const char* run_of(const PatternItem& item, const char* at, const char* end) {
  if (item.kind == Kind::any) return end;
  if (item.kind == Kind::literal) {
    while (at < end && byte_of(*at) == item.byte)
      ++at;
  } else {
    while (at < end && item.set->has(byte_of(*at)))
      ++at;
  }
  return at;
}

// One attempt: a walk along the items with a stack of choices of its own, so that no pattern and no text
// makes the C stack any deeper.
class Attempt {
 public:
  Attempt(Matcher& matcher, const PatternItem* items, const char* at)
      : matcher_(matcher), item_(items), at_(at) {}

  const char* run() {
    for (;;) {
      matcher_.spend(1);
      if (item_->kind == Kind::finish) return at_;
      if (!advance() && !go_back()) return nullptr;
    }
  }

 private:
  // Matches one item and goes to the next; false when it does not match.
  bool advance() {
    switch (item_->kind) {
      case Kind::literal:
      case Kind::any:
      case Kind::set:
        return single();
      case Kind::open:
      case Kind::open_position:
        push(at_, at_);
        matcher_.captures[matcher_.level++] = {
            at_, item_->kind == Kind::open ? Capture::kOpen : Capture::kPosition};
        break;
      case Kind::close: {
        push(at_, at_);
        Capture& capture = matcher_.captures[item_->index];
        capture.length = at_ - capture.start;
        break;
      }
      case Kind::back:
        if (!repeat_capture(matcher_.captures[item_->index])) return false;
        break;
      case Kind::balance:
        if (!balance()) return false;
        break;
      case Kind::frontier: {
        const char before = at_ == matcher_.begin ? '\0' : at_[-1];
        const char after = at_ == matcher_.end ? '\0' : *at_;
        if (item_->set->has(byte_of(before)) || !item_->set->has(byte_of(after))) return false;
        break;
      }
      case Kind::at_end:
        if (at_ != matcher_.end) return false;
        break;
      case Kind::finish:
        break;
      case Kind::mistake:
        raise_mistake();
    }
    ++item_;
    return true;
  }

  bool single() {
    const char* start = at_;
    switch (item_->repeat) {
      case Repeat::once:
        if (at_ == matcher_.end || !holds(*item_, *at_)) return false;
        ++at_;
        break;
      case Repeat::optional:
        if (at_ == matcher_.end || !holds(*item_, *at_)) break;
        push(at_, at_);
        ++at_;
        break;
      case Repeat::greedy:
      case Repeat::greedy_once: {
        at_ = run_of(*item_, start, matcher_.end);
        if (item_->kind != Kind::any) matcher_.spend(at_ - start);
        const char* low = start + (item_->repeat == Repeat::greedy ? 0 : 1);
        if (at_ < low) return false;
        push(low, at_);
        break;
      }
      case Repeat::lazy:
        push(at_, at_);
        break;
    }
    ++item_;
    return true;
  }

  // The last choice that has something else to offer; false when none has.
  bool go_back() {
    while (depth_ > 0) {
      Choice& choice = choices_[depth_ - 1];
      item_ = choice.item;
      matcher_.spend(1);
      if (item_->kind == Kind::open || item_->kind == Kind::open_position) {
        --matcher_.level;
      } else if (item_->kind == Kind::close) {
        matcher_.captures[item_->index].length = Capture::kOpen;
      } else if (offer(choice)) {
        ++item_;
        return true;
      }
      --depth_;
    }
    return false;
  }

  bool offer(Choice& choice) {
    switch (item_->repeat) {
      case Repeat::once:
        return false;
      case Repeat::optional:
        at_ = choice.at;
        --depth_;
        return true;
      case Repeat::greedy:
      case Repeat::greedy_once:
        if (choice.at == choice.low) return false;
        at_ = --choice.at;
        return true;
      case Repeat::lazy:
        if (choice.at == matcher_.end || !holds(*item_, *choice.at)) return false;
        at_ = ++choice.at;
        return true;
    }
    return false;
  }

  bool repeat_capture(const Capture& capture) {
    // One that is a position matches nothing.
    if (capture.length < 0 || matcher_.end - at_ < capture.length) return false;
    matcher_.spend(capture.length / 16);
    if (std::memcmp(capture.start, at_, static_cast<std::size_t>(capture.length)) != 0) return false;
    at_ += capture.length;
    return true;
  }

  bool balance() {
    if (at_ == matcher_.end || byte_of(*at_) != item_->byte) return false;
    std::size_t open = 1;
    const char* at = at_ + 1;
    for (; at < matcher_.end; ++at) {
      const unsigned char byte = byte_of(*at);
      if (byte == item_->other) {
        if (--open == 0) break;
      } else if (byte == item_->byte) {
        ++open;
      }
    }
    matcher_.spend(at - at_);
    if (at == matcher_.end) return false;
    at_ = at + 1;
    return true;
  }

  void push(const char* low, const char* at) {
    if (depth_ == kChoicesMax) {
      matcher_.settle();
      luaL_error(matcher_.L, "pattern too complex");
    }
    choices_[depth_++] = {item_, low, at};
  }

  void raise_mistake() {
    matcher_.settle();
    luaL_error(matcher_.L, mistake_message(*item_), static_cast<int>(item_->other));
  }

  Matcher& matcher_;
  const PatternItem* item_;
  const char* at_;
  unsigned depth_ = 0;
  Choice choices_[kChoicesMax];
};

}  // namespace

void Matcher::settle() {
  const std::ptrdiff_t units = kBatch - left;
  left = kBatch;
  charge_steps(L, static_cast<std::uint64_t>((units + kUnitsPerStep - 1) / kUnitsPerStep));
}

const PatternItem* prepare_pattern(Matcher& matcher, std::string_view pattern, PatternScratch& scratch) {
  matcher.spend(static_cast<std::ptrdiff_t>(pattern.size()));
  const std::size_t bytes = pattern_bytes(pattern);
  if (bytes <= sizeof scratch.room) return compile_pattern(pattern, scratch.room);
  matcher.settle();
  return compile_pattern(pattern, lua_newuserdatauv(matcher.L, bytes, 0));
}

const char* match_at(Matcher& matcher, const PatternItem* items, const char* at) {
  matcher.level = 0;
  return Attempt(matcher, items, at).run();
}

const char* next_start(Matcher& matcher, const PatternItem* items, const char* at) {
  const bool needed = items->repeat == Repeat::once || items->repeat == Repeat::greedy_once;
  if (!needed || items->kind > Kind::set) return at;
  const char* found = at;
  if (items->kind == Kind::literal) {
    const void* hit = std::memchr(at, items->byte, static_cast<std::size_t>(matcher.end - at));
    found = hit != nullptr ? static_cast<const char*>(hit) : matcher.end;
    matcher.spend((found - at) / 16);
  } else {
    while (found < matcher.end && !holds(*items, *found))
      ++found;
    matcher.spend(found - at);
  }
  return found < matcher.end ? found : nullptr;
}

}  // namespace creel
