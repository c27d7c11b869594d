#include "cli/webhook_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "app/config_load.h"
#include "app/units.h"
#include "cli/admin_client.h"
#include "cli/body_edit.h"
#include "cli/chaos.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/text.h"

namespace creel::cli {
namespace {

using RequestHeaders = std::vector<std::pair<std::string, std::string>>;

// Replaces what has the same name.
void set_header(RequestHeaders& headers, std::string_view name, std::string_view value) {
  const auto existing = std::ranges::find_if(
      headers, [name](const auto& each) { return equal_ignoring_case(each.first, name); });
  if (existing != headers.end()) {
    existing->second = value;
  } else {
    headers.emplace_back(name, value);
  }
}

bool signs_a_time(const Provider& provider) {
  return provider.scheme == Scheme::standard_webhooks ||
         (provider.scheme == Scheme::signature &&
          (!provider.signature.timestamp.empty() || !provider.signature.timestamp_pair.empty()));
}

int no_sample(const Provider& provider, const std::string& type, Io& io) {
  const auto types = sample_types(provider);
  if (types.empty()) {
    complain(io.err, fmt::format("there are no samples of {}'s webhooks: say --body FILE", provider.name));
    return kUsage;
  }
  const std::string_view meant = nearest(type, types);
  const bool is_known = std::ranges::find(provider.event_types, type) != provider.event_types.end();
  std::string hint = fmt::format("; creel trigger {} --list shows all", provider.name);
  if (is_known) {
    hint = "; it is a known type: send one with --body FILE";
  } else if (!meant.empty()) {
    hint = fmt::format("; did you mean \"{}\"?", meant);
  }
  complain(io.err, fmt::format("no sample of \"{}\"{}", displayed(type), hint));
  return kUsage;
}

}  // namespace

// A webhook before it is signed.
struct WebhookMaker::Unsigned {
  std::string body;
  std::string content_type;
  std::string id;
  RequestHeaders headers;
};

WebhookMaker::WebhookMaker(const TriggerOptions& options, SigningSource source, Io& io)
    : options_(&options), io_(&io), source_(std::move(source)) {
  const auto& methods = provider().methods;
  method_ = !options.method.empty() ? options.method
            : methods.empty()       ? "POST"
                                    : std::string(methods.front());
}

std::expected<WebhookMaker, int> WebhookMaker::open(const TriggerOptions& options, Io& io) {
  auto source = signing_source(options.secret, io);
  if (!source) return std::unexpected(source.error());
  WebhookMaker maker(options, *std::move(source), io);
  if (options.type.empty() && options.body.empty()) {
    complain(io.err, fmt::format("which event? Say a type{}; creel trigger {} --list shows all",
                                 sample_types(maker.provider()).empty()
                                     ? ""
                                     : fmt::format(", such as {}", sample_types(maker.provider()).front()),
                                 maker.provider().name));
    return std::unexpected(kUsage);
  }
  if (!maker.find_target()) return std::unexpected(kUsage);
  if (!options.body.empty()) {
    auto bytes = read_bytes(options.body, io);
    if (!bytes) return std::unexpected(bytes.error());
    maker.file_ = *std::move(bytes);
  } else if (!sample(maker.provider(), options.type, "", now_of(io))) {
    return std::unexpected(no_sample(maker.provider(), options.type, io));
  }
  if (const auto found = maker.find_signer(); !found) return std::unexpected(found.error());
  maker.say_what_has_no_effect();
  return maker;
}

bool WebhookMaker::find_target() {
  target_ = options_->to;
  if (target_.empty()) {
    const auto places = configured_places({.config = options_->secret.config}, io_->outside);
    target_ = own_url(places.listen, places.has_tls) + source_.config.path;
  }
  signed_url_ = target_;
  if (options_->to.empty() && !source_.config.url.empty()) signed_url_ = source_.config.url;
  if (!options_->url.empty()) signed_url_ = options_->url;
  for (const auto& [option, url] : {std::pair("--to", &target_), std::pair("--url", &signed_url_)}) {
    if (const auto parts = parse_http_url(*url); !parts) {
      complain(io_->err, fmt::format("{}: {}", option, parts.error()));
      return false;
    }
  }
  return true;
}

std::expected<void, int> WebhookMaker::find_signer() {
  if (provider().scheme == Scheme::none) return {};
  auto signer = signer_of(options_->secret, source_, *io_);
  if (!signer) return std::unexpected(signer.error());
  if (options_->chaos.bad_signature) {
    signer_ = stranger(*signer, source_, now_of(*io_));
  } else {
    signer_ = *std::move(signer);
  }
  return {};
}

void WebhookMaker::say_what_has_no_effect() const {
  if (options_->chaos.bad_signature && !signer_)
    complain(io_->err, fmt::format("{} has no signature: --bad-signature changes nothing", provider().name));
  if (options_->chaos.skew_seconds != 0 && !signs_a_time(provider()))
    complain(io_->err, fmt::format("{} signs no time: --skew makes nothing invalid", provider().name));
}

std::expected<WebhookMaker::Unsigned, int> WebhookMaker::sampled(std::chrono::sys_seconds now) {
  auto made = sample(provider(), options_->type, new_id(""), now);
  if (!made) return std::unexpected(no_sample(provider(), options_->type, *io_));
  return Unsigned{.body = std::move(made->body),
                  .content_type = std::move(made->content_type),
                  .id = std::move(made->provider_id),
                  .headers = std::move(made->headers)};
}

WebhookMaker::Unsigned WebhookMaker::from_file() const {
  auto made = sample_with_body(provider(), options_->type, *file_, new_id(""));
  // Without a type there is no header for it.
  std::erase_if(made.headers, [](const auto& header) { return header.second.empty(); });
  return Unsigned{
      .body = std::move(made.body),
      .content_type = options_->content_type.empty() ? std::move(made.content_type) : options_->content_type,
      .id = std::move(made.provider_id),
      .headers = std::move(made.headers)};
}

std::expected<MadeWebhook, int> WebhookMaker::make() {
  const auto now = now_of(*io_) + std::chrono::seconds(options_->chaos.skew_seconds);
  auto webhook = file_ ? from_file() : sampled(now);
  if (!webhook) return std::unexpected(webhook.error());
  if (const auto edited = edit_body(options_->set, webhook->content_type, webhook->body); !edited) {
    complain(io_->err, edited.error());
    return std::unexpected(kUsage);
  }

  MadeWebhook made{.request = {.method = method_, .url = target_, .headers = {}, .body = {}},
                   .id = webhook->id};
  made.request.headers.emplace_back("Content-Type", webhook->content_type);
  for (const auto& [name, value] : webhook->headers)
    set_header(made.request.headers, name, value);
  if (const auto is_signed = sign(*webhook, now, made.request); !is_signed)
    return std::unexpected(is_signed.error());
  made.request.body = std::move(webhook->body);
  if (options_->chaos.shuffle) made.request.body = shuffled(made.request.body);
  if (options_->chaos.truncate) made.request.body = truncated(made.request.body);
  return made;
}

std::expected<void, int> WebhookMaker::sign(Unsigned& webhook, std::chrono::sys_seconds now,
                                            HttpRequest& request) const {
  if (!signer_) return {};
  const auto made = signer_->sign({.provider_id = webhook.id,
                                   .body = webhook.body,
                                   .content_type = webhook.content_type,
                                   .method = method_,
                                   .url = signed_url_,
                                   .now = now});
  if (made.headers.empty() && made.query.empty()) {
    complain(io_->err, fmt::format("the body lacks what {} signs", provider().name));
    return std::unexpected(kBadData);
  }
  for (const auto& header : made.headers) {
    if (header.name != source_.body_signature) {
      set_header(request.headers, header.name, header.value);
    } else if (!set_at_pointer(source_.body_signature, header.value, webhook.body)) {
      complain(io_->err, fmt::format("the body has no place for a signature, {}", source_.body_signature));
      return std::unexpected(kBadData);
    }
  }
  if (!made.query.empty()) {
    request.url += request.url.find('?') == std::string::npos ? '?' : '&';
    request.url += made.query;
  }
  return {};
}

std::string WebhookMaker::masked(std::string_view name, const std::string& value) const {
  const bool is_secret = signer_ && signer_->sends_secret() &&
                         (signer_->is_credential_header(name) || equal_ignoring_case(name, "authorization"));
  return is_secret ? "***" : value;
}

std::string WebhookMaker::shown(const MadeWebhook& webhook) const {
  const std::string url = without_credentials(webhook.request.url);
  const auto parts = parse_http_url(url);
  const std::size_t host = parts->scheme.size() + 3;
  const std::string authority = url.substr(host, url.find_first_of("/?", host) - host);
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", webhook.request.method,
                                 parts->target.empty() ? "/" : parts->target, authority);
  for (const auto& [name, value] : webhook.request.headers)
    text += fmt::format("{}: {}\r\n", name, masked(name, value));
  return text +
         fmt::format("Content-Length: {}\r\n\r\n{}", webhook.request.body.size(), webhook.request.body);
}

Json WebhookMaker::shown_as_json(const MadeWebhook& webhook) const {
  Json headers = Json::object();
  for (const auto& [name, value] : webhook.request.headers)
    headers.set(name, Json::of(masked(name, value)));
  return Json::object()
      .set("method", Json::of(webhook.request.method))
      .set("url", Json::of(without_credentials(webhook.request.url)))
      .set("headers", std::move(headers))
      .set("body", Json::of(webhook.request.body));
}

}  // namespace creel::cli
