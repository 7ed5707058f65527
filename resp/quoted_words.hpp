// SPDX-License-Identifier: MIT
// The words of a line by Redis's quoting rules (sdssplitargs): words are divided by white space; "..." knows \n \r \t \b \a
// \xHH and \ before any other byte; '...' knows \' only; a closing quote ends its word and must be followed by white space.
#pragma once

#include <string>
#include <string_view>

namespace resp {

class QuotedWords {
public:
    enum class Next { word, end, unbalanced };

    // `text` takes the words that cannot be views into the line because quotes or escapes were removed. Words are valid while
    // both are and text is not touched.
    QuotedWords(std::string_view line, std::string& text) : line_(line), text_(text) { text_.clear(); }

    Next next(std::string_view& word);

private:
    bool double_quoted();
    bool single_quoted();
    bool closed();

    std::string_view line_;
    std::string& text_;
    std::size_t at_ = 0;
};

}  // namespace resp
