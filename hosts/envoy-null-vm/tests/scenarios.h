#pragma once

#include <string>
#include <vector>

#include "test_host.h"

namespace test {

// Runs all scenarios, or one, and gives their lines.
std::vector<std::string> RunScenarios(const Face &face, const std::string &only);

}  // namespace test
