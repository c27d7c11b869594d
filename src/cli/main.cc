#include "cli/cli.h"

int main(int argc, char** argv) {
  return creel::cli::run(argc, argv);
}
