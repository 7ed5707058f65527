// SPDX-License-Identifier: MIT
// JSON as formats: buffers, parser and serializer around json_fields.hpp.
#include <array>
#include <string>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include "tests/bench/format_codecs.hpp"
#include "tests/bench/json_fields.hpp"

namespace bench {

namespace {

using storage::Effect;
namespace json = boost::json;

constexpr std::size_t buffer_bytes = 8192;  // more than any sample needs

// Memory for the trees comes from one buffer, used again for each record: the fastest that boost::json offers.
class JsonTree : public Format {
public:
    std::string_view name() const override { return "JSON, boost::json"; }
    std::string_view encode(const Effect& effect) override {
        memory_.release();
        json::object object(&memory_);
        object.reserve(16);  // else it grows in steps
        if (!to_tree(effect, object)) return {};
        serializer_.reset(&object);
        const auto text = serializer_.read(text_.data(), text_.size());
        return serializer_.done() ? std::string_view(text.data(), text.size()) : std::string_view();
    }
    bool decode(std::string_view bytes, Take take) override {
        memory_.release();
        boost::system::error_code error;
        parser_.reset(&memory_);
        parser_.write(bytes.data(), bytes.size(), error);
        if (error) return false;
        const json::value value = parser_.release();
        return value.is_object() && from_tree(value.get_object(), decoded_, take);
    }

private:
    std::array<unsigned char, buffer_bytes> trees_{};
    std::array<char, buffer_bytes> text_{};
    json::monotonic_resource memory_{trees_.data(), trees_.size()};
    json::serializer serializer_;
    json::parser parser_;
    Decoded decoded_;
};

class JsonText : public JsonTree {
public:
    std::string_view name() const override { return "JSON, encoded by hand"; }
    std::string_view encode(const Effect& effect) override {
        bytes_.clear();
        return to_text(effect, bytes_) ? std::string_view(bytes_) : std::string_view();
    }

private:
    std::string bytes_;
};

}  // namespace

std::unique_ptr<Format> json_tree() { return std::make_unique<JsonTree>(); }
std::unique_ptr<Format> json_text() { return std::make_unique<JsonText>(); }

}  // namespace bench
