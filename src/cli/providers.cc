// creel providers: the table of providers for people, for programs, and as a page of the documentation.
#include <fmt/format.h>

#include <ostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/provider_facts.h"
#include "cli/signing.h"

namespace creel::cli {
namespace {

using std::string_view;

constexpr string_view kIntroduction =
    R"(<!-- Made by `creel providers --format markdown`. Change the rows in src/verify/providers/ and make it anew. -->

# Providers

A provider is one row of a table: how it signs, where the id, the type and the time of its events stand, and what it
expects back. A source names one, and everything else follows. `creel providers` prints the table, `creel providers NAME`
one row with its known types, and `--format json` the same for programs.

A webhook is checked over the bytes that came. Every signature in a list and every secret is tried, in constant time;
digits, base64 and timestamps are read strictly; of a header that is there twice with different values nothing is
believed. What is wrong is told to nobody outside: the sender gets a status and a word, the cause goes to quarantine.

An event is known again by its dedupe key. Where a header of the key is not covered by the signature, the body's SHA-256
is part of it, so that nobody can pass one event off as another.

The *refused* column is the status of a missing, wrong or late proof. Where it has two, the first is for a request
without any, or, at Shopify, the second is for the topics that its rules demand it for.

)";

Json texts_json(std::span<const string_view> texts) {
  Json array = Json::array();
  for (string_view text : texts)
    std::get<Json::Array>(array.value).push_back(Json::of(text));
  return array;
}

Json row_json(const Provider& provider) {
  Json facts = Json::object();
  for (const auto& [name, value] : facts_of(provider, plainly))
    facts.set(name, Json::of(value));
  return Json::object()
      .set("name", Json::of(provider.name))
      .set("title", Json::of(provider.title))
      .set("scheme", Json::of(to_text(provider.scheme)))
      .set("variables", texts_json(provider.secret_environment))
      .set("tolerance_seconds", Json::of(std::int64_t{provider.tolerance.count()}))
      .set("retry_hours", Json::of(std::int64_t{provider.retry_horizon.count()}))
      .set("reject_status", Json::of(provider.reject_status))
      .set("success_status", Json::of(provider.success_status))
      .set("needs_url", Json::of(provider.needs_url))
      .set("event_types", texts_json(provider.event_types))
      .set("samples", texts_json(sample_types(provider)))
      .set("facts", std::move(facts))
      .set("documentation", Json::of(provider.documentation))
      .set("notes", Json::of(provider.notes));
}

// The first of several; the whole list is on the row's own page.
std::string first_variable(const Provider& row) {
  if (row.secret_environment.empty()) return "";
  return std::string(row.secret_environment.front());
}

void print_table(std::ostream& out) {
  Table table({"NAME", "SCHEME", "PROOF", "VARIABLE", "REFUSED"});
  for (const Provider& row : all_providers())
    table.add({std::string(row.name), std::string(to_text(row.scheme)), brief_proof_of(row),
               first_variable(row), statuses_of(row)});
  table.print(out);
}

void print_page(const Provider& provider, std::ostream& out) {
  out << provider.title << "\n\n";
  print_fields(out, facts_of(provider, plainly));
  out << '\n' << provider.notes << "\n\n" << example_of(provider);
  if (!provider.documentation.empty()) out << "\nSee " << provider.documentation << '\n';
  if (provider.event_types.empty()) return;
  out << "\nKnown types:\n";
  for (string_view type : provider.event_types)
    out << "  " << type << '\n';
}

// A bar would end a cell.
std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != text.npos; at = text.find('|', at + 2))
    text.insert(at, 1, '\\');
  return text;
}

void print_section(const Provider& provider, std::ostream& out) {
  out << "## " << provider.name << "\n\n"
      << provider.title << ". " << provider.notes << "\n\n| | |\n|---|---|\n";
  for (const auto& [name, value] : facts_of(provider, in_backticks))
    out << "| " << name << " | " << cell(value) << " |\n";
  out << "\n```toml\n" << example_of(provider) << "```\n";
  if (!provider.page.empty())
    out << "\nMore, with sources: [" << provider.page << "](" << provider.page << ").\n";
  if (!provider.documentation.empty())
    out << "\nThe provider's own page: <" << provider.documentation << ">.\n";
}

void print_markdown(std::ostream& out) {
  out << kIntroduction << "| provider | proof | variable | window | refused |\n|---|---|---|---|---|\n";
  for (const Provider& row : all_providers()) {
    const std::string window = row.tolerance.count() == 0 ? "–" : fmt::format("{} s", row.tolerance.count());
    out << fmt::format("| [{}](#{}) | {} | {} | {} | {} |\n", row.name, row.name,
                       cell(proof_of(row, in_backticks)), variables_of(row, in_backticks), window,
                       statuses_of(row));
  }
  for (const Provider& row : all_providers()) {
    out << '\n';
    print_section(row, out);
  }
}

}  // namespace

int providers(const ProvidersOptions& options, Io& io) {
  const Provider* one = nullptr;
  if (!options.name.empty()) {
    const auto named = provider_named(options.name, io);
    if (!named) return named.error();
    one = *named;
  }
  switch (options.form) {
    case ProvidersOptions::Form::json:
      for (const Provider& row : all_providers())
        if (!one || one == &row) io.out << row_json(row).dump() << '\n';
      break;
    case ProvidersOptions::Form::markdown:
      one ? print_section(*one, io.out) : print_markdown(io.out);
      break;
    case ProvidersOptions::Form::text:
      one ? print_page(*one, io.out) : print_table(io.out);
      break;
  }
  return kFine;
}

}  // namespace creel::cli
