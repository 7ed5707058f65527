// SPDX-License-Identifier: MIT
// Listening sockets, and the decision who may come in. See listener.hpp for the order of calls.
#include "src/listener.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <spdlog/spdlog.h>

#include "src/socket_address.hpp"

namespace server {
namespace {

constexpr int accepts_a_turn = 64;
constexpr std::int64_t warn_every_ms = 1'000;

constexpr std::string_view too_many_text = "-ERR max number of clients reached\r\n";
constexpr std::string_view denied_text =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. "
    "In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to "
    "Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET "
    "protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however "
    "MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) "
    "Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected "
    "mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it "
    "with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to "
    "do one of the above things in order for the server to start accepting connections from the outside.\r\n";

std::string system_text(int error) { return std::error_code(error, std::system_category()).message(); }

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

void say(int fd, std::string_view text) {
    [[maybe_unused]] const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

bool answers(const SocketAddress& at) {
    const int probe = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool alive = probe >= 0 && ::connect(probe, at.get(), at.size()) == 0;
    if (probe >= 0) ::close(probe);
    return alive;
}

}  // namespace

class Listener::Socket final : public Watched {
public:
    Socket(Listener& owner, int listening, bool is_unix) : fd(listening), unix_socket(is_unix), owner_(owner) {}
    ~Socket() override { ::close(fd); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    void on_events(std::uint32_t) override { owner_.accept_some(*this); }

    const int fd;
    const bool unix_socket;
    bool watched = false;

private:
    Listener& owner_;
};

Listener::Listener() : spare_fd_(open_spare()) {}

Listener::~Listener() {
    if (spare_fd_ >= 0) ::close(spare_fd_);
}

std::optional<std::string> Listener::open_address(const std::string& address, const Values& values) {
    const bool optional = address.starts_with('-');
    const SocketAddress at = SocketAddress::tcp(optional ? address.substr(1) : address, values.port);
    const int fd = ::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 && optional) return std::nullopt;
    const int on = 1;
    bool ok = fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (ok && at.family() == AF_INET6) ok = ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0;
    ok = ok && ::bind(fd, at.get(), at.size()) == 0 && ::listen(fd, static_cast<int>(values.tcp_backlog)) == 0;
    const int error = errno;
    if (ok) {
        sockets_.push_back(std::make_unique<Socket>(*this, fd, false));
        return std::nullopt;
    }
    if (fd >= 0) ::close(fd);
    if (optional && (error == EADDRNOTAVAIL || error == EAFNOSUPPORT)) return std::nullopt;
    return "cannot listen on " + at.text() + ": " + system_text(error);
}

std::optional<std::string> Listener::open_tcp(const Values& values) {
    if (values.port == 0) return std::nullopt;
    for (const std::string& address : values.bind)
        if (auto failed = open_address(address, values)) return failed;
    if (sockets_.empty()) return "no address to listen on: none of 'bind' exists here";
    return std::nullopt;
}

std::optional<std::string> Listener::check_unix(const Values& values) {
    if (values.unixsocket.empty()) return std::nullopt;
    const std::string failed = "cannot listen on the Unix socket " + values.unixsocket + ": ";
    if (answers(SocketAddress::unix_path(values.unixsocket))) return failed + "another server answers there";
    struct stat info {};
    if (::lstat(values.unixsocket.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode)) return failed + "a file of that name exists";
    const std::size_t slash = values.unixsocket.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : values.unixsocket.substr(0, slash + 1);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return failed + system_text(errno);
    return std::nullopt;
}

std::optional<std::string> Listener::open_unix(const Values& values) {
    if (values.unixsocket.empty()) return std::nullopt;
    const SocketAddress at = SocketAddress::unix_path(values.unixsocket);
    const std::string failed = "cannot listen on the Unix socket " + values.unixsocket + ": ";
    if (answers(at)) return failed + "another server answers there";
    struct stat info {};
    if (::lstat(values.unixsocket.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) ::unlink(values.unixsocket.c_str());

    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const mode_t before = ::umask(077);  // CVE-2023-45145: never open to others, not even for a moment
    const bool bound = fd >= 0 && ::bind(fd, at.get(), at.size()) == 0;
    const int error = errno;
    ::umask(before);
    if (!bound || ::chmod(values.unixsocket.c_str(), values.unixsocketperm) != 0 ||
        ::listen(fd, static_cast<int>(values.tcp_backlog)) != 0) {
        const std::string why = failed + system_text(bound ? errno : error);
        if (bound) ::unlink(values.unixsocket.c_str());
        if (fd >= 0) ::close(fd);
        return why;
    }
    unix_path_ = values.unixsocket;
    sockets_.push_back(std::make_unique<Socket>(*this, fd, true));
    return std::nullopt;
}

void Listener::start(ServerState& state, Threads threads) {
    state_ = &state;
    threads_ = threads;
    accept_more();
}

void Listener::accept_more() {
    for (const auto& socket : sockets_) {
        if (std::exchange(socket->watched, true)) continue;
        threads_.front()->watch(socket->fd, EPOLLIN, *socket);
    }
}

void Listener::stop() {
    for (const auto& socket : sockets_)
        if (socket->watched) threads_.front()->unwatch(socket->fd);
    sockets_.clear();
    if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
    unix_path_.clear();
}

void Listener::accept_some(Socket& socket) {
    for (int i = 0; i < accepts_a_turn; ++i) {
        const int fd = ::accept4(socket.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(fd, socket);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) out_of_files(socket);
        return;
    }
}

// No descriptor left: the spare one makes room to tell the client, so that its connection does not wait unseen and the
// listening socket does not stay readable for ever.
void Listener::out_of_files(Socket& socket) {
    const std::int64_t now_ms = state_->monotonic_ms();
    if (now_ms - warned_ms_ >= warn_every_ms) {
        spdlog::warn("No file descriptor left for a new connection");
        warned_ms_ = now_ms;
    }
    if (spare_fd_ >= 0) ::close(spare_fd_);
    const int fd = ::accept4(socket.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        say(fd, too_many_text);
        ::close(fd);
        state_->connections_rejected.fetch_add(1, std::memory_order_relaxed);
    }
    spare_fd_ = open_spare();
    if (fd >= 0) return;
    // Not even that: look again in a moment instead of at once.
    IoThread& home = *threads_.front();
    home.unwatch(socket.fd);
    socket.watched = false;
    home.later(100, [this] { accept_more(); });
}

bool Listener::refused(int fd, const Client::Origin& origin) {
    const Values& values = state_->values;
    std::string_view why;
    std::size_t there = 0;  // those that are on their way to their thread included
    for (const auto& thread : threads_) there += thread->connections();
    if (there >= values.maxclients.load(std::memory_order_relaxed)) {
        why = too_many_text;
        state_->connections_rejected.fetch_add(1, std::memory_order_relaxed);
    } else if (!origin.loopback && values.protected_mode.load(std::memory_order_relaxed) && values.requirepass.get().empty()) {
        why = denied_text;
        state_->connections_denied.fetch_add(1, std::memory_order_relaxed);
    }
    if (why.empty()) return false;
    say(fd, why);
    ::close(fd);
    return true;
}

void Listener::take(int fd, const Socket& socket) {
    Client::Origin origin;
    describe_peer(fd, socket.unix_socket ? unix_path_ : std::string(), origin);
    if (refused(fd, origin)) return;
    if (!socket.unix_socket) set_tcp_options(fd, state_->values.tcp_keepalive_s.load(std::memory_order_relaxed));
    origin.id = state_->clients.next_id();
    origin.connected_at_ms = state_->monotonic_ms();
    state_->connections_received.fetch_add(1, std::memory_order_relaxed);
    const auto fewest = std::min_element(threads_.begin(), threads_.end(),
                                         [](const auto& a, const auto& b) { return a->connections() < b->connections(); });
    (*fewest)->adopt(fd, std::move(origin));
}

}  // namespace server
