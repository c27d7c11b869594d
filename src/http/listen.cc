#include "http/listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

namespace creel::http {
namespace {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

std::optional<Endpoint> parse(std::string text, std::uint16_t port) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  Endpoint endpoint;
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&endpoint.storage, &four, sizeof four);
    endpoint.bytes = sizeof four;
    return endpoint;
  }
  if (inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    std::memcpy(&endpoint.storage, &six, sizeof six);
    endpoint.bytes = sizeof six;
    return endpoint;
  }
  return std::nullopt;
}

std::string shown(const ListenAddress& where) {
  const bool bare_six = where.address.find(':') != std::string::npos && where.address.front() != '[';
  return (bare_six ? "[" + where.address + "]" : where.address) + ":" + std::to_string(where.port);
}

// A bound socket, or -1 with errno set. Connections of an earlier run that linger in the kernel do not count
// as holders.
int bind_socket(const Endpoint& endpoint, bool share) {
  const int descriptor = ::socket(endpoint.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  const int on = 1;
  const int off = 0;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (share) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (endpoint.family() == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(descriptor, endpoint.get(), endpoint.bytes) == 0) return descriptor;
  const int error = errno;
  ::close(descriptor);
  errno = error;
  return -1;
}

ListenError cannot_listen(const ListenAddress& where, int error) {
  if (error != EADDRINUSE) return {"cannot listen on " + shown(where) + ": " + std::strerror(error), false};
  const std::string holder = find_listener(where.port);
  return {shown(where) + " is in use" + (holder.empty() ? "" : " by " + holder), true};
}

// The inodes of the sockets that listen on a port, from one of /proc/net/tcp and tcp6.
void collect_inodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  constexpr std::string_view listening = "0A";
  std::ifstream lines(table);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const std::size_t colon = local.rfind(':');
    if (state != listening || colon == std::string::npos) continue;
    if (std::stoul(local.substr(colon + 1), nullptr, 16) == port) inodes.insert("socket:[" + inode + "]");
  }
}

bool holds_one_of(const std::filesystem::path& process, const std::set<std::string>& links) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(process / "fd", error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code unreadable;
    if (links.contains(std::filesystem::read_symlink(entry->path(), unreadable).string())) return true;
  }
  return false;
}

}  // namespace

std::string find_listener(std::uint16_t port) {
  std::set<std::string> links;
  collect_inodes("/proc/net/tcp", port, links);
  collect_inodes("/proc/net/tcp6", port, links);
  if (links.empty()) return "";
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string pid = entry->path().filename().string();
    const bool is_number = std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number || !holds_one_of(entry->path(), links)) continue;
    std::string program;
    std::ifstream comm(entry->path() / "comm");
    std::getline(comm, program);
    return (program.empty() ? "a program" : program) + " (pid " + pid + ")";
  }
  return "";
}

std::expected<int, ListenError> open_listener(const ListenAddress& where) {
  const auto endpoint = parse(where.address, where.port);
  if (!endpoint) return std::unexpected(ListenError{"not an address to listen on: " + where.address, false});
  if (where.port != 0 && !where.shared) {
    const int probe = bind_socket(*endpoint, false);
    if (probe < 0) return std::unexpected(cannot_listen(where, errno));
    ::close(probe);
  }
  const int descriptor = bind_socket(*endpoint, true);
  if (descriptor < 0) return std::unexpected(cannot_listen(where, errno));
  if (::listen(descriptor, 4096) == 0) return descriptor;
  const int error = errno;
  ::close(descriptor);
  return std::unexpected(cannot_listen(where, error));
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return 0;
  // The port stands at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

std::string address_text(const void* socket_address) {
  const auto* generic = static_cast<const sockaddr*>(socket_address);
  char text[INET6_ADDRSTRLEN] = {};
  if (generic->sa_family == AF_INET) {
    const auto* four = static_cast<const sockaddr_in*>(socket_address);
    inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
  } else if (generic->sa_family == AF_INET6) {
    const auto* six = static_cast<const sockaddr_in6*>(socket_address);
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
      inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
    }
  }
  return text;
}

void raise_open_files(std::uint64_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace creel::http
