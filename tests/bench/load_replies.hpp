// SPDX-License-Identifier: MIT
// Counts the whole replies of a byte stream without keeping them: a client that built objects would be what is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class ReplyCounter {
public:
    // How many bytes were taken; the rest is the beginning of a line, to be given again with what follows it.
    std::size_t feed(std::string_view bytes);

    std::uint64_t whole() const { return whole_; }
    std::uint64_t errors() const { return errors_; }
    const std::string& first_error() const { return first_error_; }

private:
    void begin(std::string_view line);
    void element_ended();

    std::uint64_t open_ = 1;  // elements of the reply that are still to come
    std::uint64_t skip_ = 0;  // bytes of a bulk string and its line end
    std::uint64_t whole_ = 0, errors_ = 0;
    std::string first_error_;
};

}  // namespace bench
