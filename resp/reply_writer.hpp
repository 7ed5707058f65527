// SPDX-License-Identifier: MIT
// Replies as bytes. The only place that knows RESP2 from RESP3: callers say what they mean (a map, a null, a double), the
// writer says it in the connection's version. Text that is a line of its own (error, simple) cannot break the framing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resp/output_buffer.hpp"

namespace resp {

class ReplyWriter {
public:
    // Appends to `out`, which must outlive the writer or be replaced by set_output().
    explicit ReplyWriter(OutputBuffer& out, int version = 2) noexcept : out_(&out) { set_version(version); }

    void set_output(OutputBuffer& out) noexcept { out_ = &out; }
    OutputBuffer& output() noexcept { return *out_; }
    std::size_t size() const noexcept { return out_->size(); }
    void truncate(std::size_t size) noexcept { out_->truncate(size); }

    void set_version(int version) noexcept { resp3_ = version == 3; }  // 2 or 3
    int version() const noexcept { return resp3_ ? 3 : 2; }

    void ok() { out_->append("+OK\r\n"); }
    void simple(std::string_view text);
    void error(std::string_view text);  // whole text with its code, without '-': "WRONGTYPE Operation against ..."
    void integer(std::int64_t value);
    void bulk(std::string_view bytes);
    void null();                                                    // $-1 in RESP2
    void null_array();                                              // *-1 in RESP2
    void boolean(bool value);                                       // :1 or :0 in RESP2
    void real(double value);                                        // a bulk in RESP2
    void verbatim(std::string_view format, std::string_view text);  // format: 3 letters, "txt"; a bulk in RESP2
    void big_number(std::string_view digits);                       // a bulk in RESP2

    // Headers; the caller writes the n elements (2n for a map) after it.
    void array(std::size_t n) { header('*', n); }
    void map(std::size_t pairs) { resp3_ ? header('%', pairs) : header('*', 2 * pairs); }
    void set(std::size_t n) { header(resp3_ ? '~' : '*', n); }
    void push(std::size_t n) { header(resp3_ ? '>' : '*', n); }

    // For a count that is known only afterwards: begin says where, end fills it in. May be nested, inner ones end first. Free
    // if the count has as many digits as `expected`, else one memmove of what was written since.
    std::size_t begin_array(std::size_t expected = 10);
    void end_array(std::size_t position, std::size_t n);
    std::size_t begin_map(std::size_t expected_pairs = 10);
    void end_map(std::size_t position, std::size_t pairs);

    // Bytes that are RESP already.
    void raw(std::string_view bytes) { out_->append(bytes); }

private:
    void header(char type, std::size_t n);
    void line(char type, std::string_view text);
    void finish(std::size_t position, char type, std::size_t n);

    OutputBuffer* out_;
    bool resp3_ = false;
};

}  // namespace resp
