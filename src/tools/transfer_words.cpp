// SPDX-License-Identifier: MIT
#include "src/tools/transfer_words.hpp"

#include "src/tools/words.hpp"

namespace server {

std::string transfer_words(const StateFigures& figures) {
    std::string text = words::count(figures.sessions, "session") + ", " + words::count(figures.strings, "string") + " and " +
                       words::count(figures.dead, "ended session") + " that " + (figures.dead == 1 ? "is" : "are") +
                       " remembered";
    if (figures.over != 0)
        text +=
            "; " + words::count(figures.over, "record") + (figures.over == 1 ? " was" : " were") + " over by now and left out";
    return text;
}

}  // namespace server
