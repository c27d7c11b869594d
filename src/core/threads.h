// Which function runs where, said as clang's thread-safety roles and checked by clang.
//
//   void append_batch() ON_JOURNAL;
//
// A thread's main function begins with `Role::Holder holder(on_journal);`. A callback that is known to run on
// a thread begins with `assume(on_journal);`. With g++ the attributes are nothing.
#pragma once

#if defined(__clang__)
#define CREEL_TS(x) __attribute__((x))
#else
#define CREEL_TS(x)
#endif

namespace creel {

class CREEL_TS(capability("thread")) Role {
 public:
  class CREEL_TS(scoped_lockable) Holder {
   public:
    explicit Holder(const Role& role) CREEL_TS(acquire_capability(role)) { static_cast<void>(role); }
    ~Holder() CREEL_TS(release_capability()) {}
  };
};

inline const Role on_loop;       // sockets of the ingest and admin ports; never blocks
inline const Role on_journal;    // append and sync
inline const Role on_index;      // every SQLite write and checkpoint
inline const Role on_deliver;    // dispatch and libcurl
inline const Role on_transform;  // scripts of routes
inline const Role on_read;       // SQLite read-only, segment reads

inline void assume(const Role& role) CREEL_TS(assert_capability(role)) {
  static_cast<void>(role);
}

}  // namespace creel

#define ON_LOOP CREEL_TS(requires_capability(::creel::on_loop))
#define ON_JOURNAL CREEL_TS(requires_capability(::creel::on_journal))
#define ON_INDEX CREEL_TS(requires_capability(::creel::on_index))
#define ON_DELIVER CREEL_TS(requires_capability(::creel::on_deliver))
#define ON_TRANSFORM CREEL_TS(requires_capability(::creel::on_transform))
#define ON_READ CREEL_TS(requires_capability(::creel::on_read))
