// Headers: missing ones and their look-alikes, those of other providers, and addresses.
#include <algorithm>
#include <array>

#include "verify/forensics_probe.h"
#include "verify/headers.h"

namespace creel::forensics {
namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 4; ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + names[i];
  return text;
}

// "webhook-signature" is missing, but there is "webhook_signature" or "x-webhook-signature".
std::string look_alike(const Probe& probe, std::string_view name, std::string_view word) {
  for (const Header& header : probe.input().request.headers) {
    if (equals_ignoring_case(header.name, name)) continue;
    std::string spelled(header.name);
    std::ranges::transform(spelled, spelled.begin(), [](char c) { return c == '_' ? '-' : ascii_lower(c); });
    const bool is_alike = word == "id" ? spelled.ends_with("-id") : spelled.find(word) != std::string::npos;
    if (is_alike && !showable(header.name).empty()) return showable(header.name);
  }
  return {};
}

// What signs a request of this provider: headers, so that seeing one tells whose request it is.
std::vector<std::string> telling_headers(const Provider& provider) {
  std::vector<std::string> names;
  if (provider.scheme == Scheme::credential) {
    for (const CredentialPlace& place : provider.credentials) {
      if (place.kind == CredentialPlace::Kind::header) names.emplace_back(place.name);
    }
  } else if (std::string name = signature_header(provider); !name.empty()) {
    names.push_back(std::move(name));
  }
  if (provider.scheme == Scheme::standard_webhooks) {
    for (std::string_view prefix : provider.header_prefixes.subspan(1))
      names.push_back(std::string(prefix) + "signature");
  }
  return names;
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [&](const std::string& each) { return equals_ignoring_case(each, name); });
}

// Another spelling of the address that the provider calls.
struct UrlChange {
  std::string url;
  std::optional<std::string> query;  // else the request's
  std::string_view what;             // "with https:// in place of http://"
};

std::vector<UrlChange> url_changes(const Probe& probe) {
  const std::string& url = probe.input().options.url;
  const std::size_t host_at = std::min(url.find("://"), url.size());
  const std::string host_on = url.substr(std::min(host_at + 3, url.size()));
  const std::size_t path_at = std::min(host_on.find('/'), host_on.size());
  const std::string host = host_on.substr(0, path_at), path = host_on.substr(path_at);
  const std::string scheme = url.substr(0, host_at);
  const std::string other_scheme = scheme == "https" ? "http" : "https";
  std::vector<UrlChange> changes{{other_scheme + "://" + host_on, {}, "with the other of http and https"},
                                 {url, "", "without the query"}};
  if (url.ends_with('/')) {
    changes.push_back({url.substr(0, url.size() - 1), {}, "without the slash at its end"});
  } else {
    changes.push_back({url + "/", {}, "with a slash at its end"});
  }
  for (std::string_view port : {":443", ":80", ":8080", ":8443", ":3000"})
    changes.push_back({scheme + "://" + host + std::string(port) + path, {}, "with a port"});
  if (host.find(':') != std::string::npos)
    changes.push_back({scheme + "://" + host.substr(0, host.find(':')) + path, {}, "without its port"});
  for (std::string_view name : {"host", "x-forwarded-host"}) {
    const auto seen = find_header(probe.input().request.headers, name);
    if (!seen || *seen == host) continue;
    for (const std::string& each : {scheme, other_scheme})
      changes.push_back(
          {each + "://" + std::string(*seen) + path, {}, "with the host that the request names"});
  }
  return changes;
}

}  // namespace

void explain_missing_header(const Probe& probe, VerifyError error, Findings& findings) {
  const Provider& provider = probe.provider();
  std::string name, word;
  if (error == VerifyError::missing_id) {
    name = id_header(provider);
    word = "id";
  } else if (error == VerifyError::missing_timestamp) {
    name = timestamp_header(provider);
    word = "timestamp";
    if (name.empty()) name = signature_header(provider);
  } else {
    name = signature_header(provider);
    word = "signature";
  }
  const auto value = find_header(probe.input().request.headers, name);
  std::string text;
  if (name.empty()) {
    text = "the body carries no " + word + " where this provider puts it";
  } else if (!value) {
    text = "the request has no " + name + " header";
    if (const std::string alike = look_alike(probe, name, word); !alike.empty())
      text += ", though it has " + alike;
  } else {
    text = "the " + name + " header carries no " + word;
  }
  findings.push_back(make_finding(FindingKind::missing_header, std::move(text),
                                  "see that nothing between the sender and the receiver drops or renames "
                                  "headers, and that this is a webhook of " +
                                      std::string(provider.title.empty() ? provider.name : provider.title)));
}

void explain_other_provider(const Probe& probe, Findings& findings) {
  const std::vector<std::string> own = telling_headers(probe.provider());
  const ChangedRequest request(probe.input());
  std::vector<std::string> senders;
  std::string seen;
  for (const Provider& row : all_providers()) {
    if (row.name == probe.provider().name || row.scheme == Scheme::none) continue;
    const bool has_url = !row.needs_url || !probe.input().options.url.empty();
    if (const auto match = has_url ? probe.match(row, Probe::Reading::as_provider, request) : std::nullopt;
        match && match->secret) {
      const std::string name(row.name);
      findings.push_back(make_finding(
          FindingKind::other_provider, *match,
          "the request is genuine by the rule of " + name + " with secret \"" + match->secret->label + "\"",
          "say provider = \"" + name + "\" for this source"));
      return;
    }
    for (const std::string& header : telling_headers(row)) {
      if (has_name(own, header) || !find_header(probe.input().request.headers, header)) continue;
      if (!seen.empty() && !equals_ignoring_case(seen, header)) continue;
      seen = header;
      senders.emplace_back(row.name);
    }
  }
  if (senders.empty()) return;
  findings.push_back(make_finding(FindingKind::other_provider_header,
                                  "the request has a " + seen + " header, as " + joined(senders) + " sends",
                                  "say provider = \"" + senders.front() +
                                      "\" for this source, or send it to the source of that provider"));
}

void explain_url(const Probe& probe, Findings& findings) {
  if (!probe.provider().needs_url) return;
  if (probe.input().options.url.empty()) {
    findings.push_back(make_finding(FindingKind::url,
                                    "this provider signs the address that it calls, and none is given",
                                    "say url = \"https://…\" as the provider has it"));
    return;
  }
  for (const UrlChange& change : url_changes(probe)) {
    ChangedRequest request(probe.input());
    request.url = change.url;
    if (change.query) request.query = *change.query;
    const auto match = probe.match(request);
    if (!match) continue;
    findings.push_back(make_finding(FindingKind::url, *match,
                                    "the signature is right for the address " + std::string(change.what),
                                    "say url exactly as it is written at the provider"));
    return;
  }
}

}  // namespace creel::forensics
