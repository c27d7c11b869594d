// The commands that work on a store's folder.
#include "cli/grammar.h"

namespace creel::cli {

void Grammar::folder_options(CLI::App* command, FolderOptions& folder) {
  command->add_option("folder,--store", folder.store,
                      "The store's folder (default: the configuration's, or ./creel-data)");
  command
      ->add_option("--config", folder.config,
                   "The configuration that names it; ./creel.toml is read when it is there")
      ->type_name("FILE");
}

void Grammar::add_journal() {
  CLI::App* journal =
      command("journal", kMending, "Look into the journal, also while a creel serves it; changes nothing",
              "Examples:\n"
              "  creel journal check /var/lib/creel\n"
              "  creel journal dump --limit 10\n"
              "  creel journal dump --from 17 --limit 1 --bodies\n"
              "  creel journal dump --quarantine");
  journal->require_subcommand(1);
  CLI::App* dump = journal->add_subcommand("dump", "Write every record as one line of JSON, oldest first");
  folder_options(dump, journal_.folder);
  dump->add_flag("--quarantine", journal_.quarantine, "The rejected requests' journal instead");
  dump->add_flag("--bodies", journal_.bodies, "Heads and bodies too");
  dump->add_option("--from", journal_.from, "Begin with this record")->type_name("N");
  dump->add_option("--limit", journal_.limit, "At most so many")
      ->check(CLI::Range(std::uint64_t{1}, UINT64_MAX))
      ->type_name("N");
  runs(dump, [this] { return journal_dump(journal_, io_); });

  CLI::App* check = journal->add_subcommand(
      "check", "Verify every checksum and the order of the records: 0 whole, 1 damaged");
  folder_options(check, journal_.folder);
  check->add_flag("--quarantine", journal_.quarantine, "The rejected requests' journal instead");
  format_option(check, journal_.folder.format);
  runs(check, [this] { return journal_check(journal_, io_); });
}

void Grammar::add_doctor() {
  CLI::App* doctor_command = command(
      "doctor", kMending, "Check a store that no creel serves, and mend it",
      "Without an option nothing is changed. Examples:\n"
      "  creel doctor\n"
      "  creel doctor /var/lib/creel --rebuild-index\n"
      "  creel doctor --accept-damage    (gives up what cannot be read; it is put aside, not deleted)");
  folder_options(doctor_command, doctor_.folder);
  doctor_command->add_flag("--accept-damage", doctor_.accept_damage,
                           "Move damaged bytes of the journal aside and go on without them");
  doctor_command->add_flag("--rebuild-index", doctor_.rebuild_index, "Make the index anew from the journal");
  doctor_command->add_flag("--compare-index", doctor_.compare_index,
                           "Compare the index, row by row, with one made anew: 0 equal, 1 different");
  format_option(doctor_command, doctor_.folder.format);
  runs(doctor_command, [this] { return doctor(doctor_, io_); });
}

}  // namespace creel::cli
