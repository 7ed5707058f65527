// SPDX-License-Identifier: MIT
// How a thread gives way to those that answer clients.
#pragma once

namespace storage {

// For the calling thread, for good: the lowest priority that is never starved, a seventieth of a processor that others want.
void leave_processors_to_others();

// A thread that becomes ready beside a running one may have to wait for the tick, up to 4 ms away, or for this. To be called
// after some 100 us of work; where nobody waits it costs half a microsecond.
void let_others_run();

}  // namespace storage
