// A store's folder as the commands that need no gateway use it.
#pragma once

#include <expected>
#include <string>

#include "cli/commands.h"
#include "store/inspect.h"
#include "store/journal_folder.h"

namespace creel::cli {

// The folder that is meant. A wrong one is said, and the error is the exit code: nothing is made by looking.
std::expected<std::string, int> existing_folder(const FolderOptions& options, store::Disk& disk, Io& io);

// Says what went wrong and gives the exit code for it.
int fail(const store::OpenError& error, Io& io);

// Says what a check of the journal, or of the quarantine, found; true when it is whole.
bool report_check(const store::JournalCheck& check, std::string_view name, Format format, Io& io);

// As store::check_journal, of a journal that may be written to meanwhile.
std::expected<store::JournalCheck, store::OpenError> check_twice(store::Disk& disk, const std::string& folder,
                                                                 bool is_quarantine);

}  // namespace creel::cli
