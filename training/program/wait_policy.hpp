#pragma once

namespace pamkit::training {

/// Makes threads that wait for work sleep. OpenMP's threads spin for milliseconds by default, which is idle
/// time on a machine of one's own, but on a shared one takes the cores from the very threads they wait for:
/// steps were seen to take ten times as long. The OpenMP library reads the setting when it is loaded, so the
/// program starts itself once more with it. Does nothing where the environment already decides.
void let_waiting_threads_sleep(char** arguments);

}  // namespace pamkit::training
