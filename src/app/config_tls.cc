#include "app/config_tls.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <string.h>

#include "verify/digest.h"

namespace creel {
namespace {

constexpr auto kEndsSoon = std::chrono::days(14);

std::string digest_of(const PemFile& certificate, const PemFile& key) {
  return to_hex(sha256(certificate.text)) + to_hex(sha256(key.text));
}

void warn_of_end(const http::TlsContext& context, const PemFile& certificate, std::string_view who_refuses,
                 Section& tls) {
  if (!tls.outside().now) return;
  const std::chrono::sys_seconds now = tls.outside().now(), end{std::chrono::seconds(context.expires())};
  if (now + kEndsSoon < end) return;
  const auto days = std::chrono::floor<std::chrono::days>(end - now).count();
  const std::string when = fmt::format("{:%Y-%m-%d %H:%M} UTC", end);
  tls.problems().warning(
      certificate.place,
      end <= now ? fmt::format("the certificate in {} ended on {}: {}", certificate.path, when, who_refuses)
                 : fmt::format("the certificate in {} ends on {}, in {} days: renew it and reload creel",
                               certificate.path, when, days));
}

}  // namespace

bool read_pem(Section& tls, std::string_view key, PemFile& into) {
  const auto given = tls.text(key);
  into.place = tls.place(key);
  if (!given) {
    if (!tls.has(key)) tls.problems().error(into.place, fmt::format("{} needs a {}", tls.title(), key));
    return false;
  }
  // What is no path is not repeated: it may be the key itself.
  if (given->text.empty() || given->text.find_first_of("\r\n") != std::string::npos) {
    tls.problems().error(into.place, fmt::format("{} must be the path of a PEM file", key));
    return false;
  }
  into.path = given->text;
  auto content = tls.outside().file(into.path);
  if (!content) {
    tls.problems().error(into.place, fmt::format("{}: cannot read the file {}", key, into.path));
    return false;
  }
  into.text.swap(*content);
  return true;
}

std::shared_ptr<const http::TlsContext> make_context(const PemFile& certificate, const PemFile& key,
                                                     std::string_view who_refuses, Section& tls) {
  auto context = http::TlsContext::make(certificate.text, key.text);
  if (!context) {
    const std::string& reason = context.error();
    const bool is_key = reason.starts_with("the key") || reason.starts_with("the private key");
    tls.problems().error(is_key ? key.place : certificate.place, fmt::format("{}: {}", tls.title(), reason));
    return nullptr;
  }
  warn_of_end(**context, certificate, who_refuses, tls);
  return *std::move(context);
}

std::optional<TlsConfig> read_tls(Section& port) {
  const TomlNode* node = port.find("tls");
  if (!node) return std::nullopt;
  // "[server]" is called "[server.tls]" further in, however it is written.
  std::string title = port.title();
  title.insert(title.size() - 1, ".tls");
  Section tls(*node, std::move(title), {"certificate", "key"}, port.outside(), port.problems());
  if (!std::holds_alternative<TomlNode::Table>(node->value)) return std::nullopt;

  PemFile certificate, key;
  const bool has_certificate = read_pem(tls, "certificate", certificate);
  if (!read_pem(tls, "key", key) || !has_certificate) return std::nullopt;
  auto context = make_context(certificate, key, "senders refuse it", tls);
  if (!context) return std::nullopt;
  std::string digest = digest_of(certificate, key);
  return TlsConfig{.certificate = std::move(certificate.path),
                   .key = std::move(key.path),
                   .context = std::move(context),
                   .digest = std::move(digest)};
}

}  // namespace creel
