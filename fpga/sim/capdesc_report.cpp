#include "capdesc_report.h"

#include <string>

#include "verilated.h"

namespace {

thread_local std::string said;
thread_local std::string taken;

// Keeps the first: what follows is often its consequence.
void say(const char *file, int line, const char *what) {
    if (said.empty()) said = std::string(what) + " at " + file + ":" + std::to_string(line);
}

}  // namespace

const char *capdesc_report_take() {
    if (said.empty()) return nullptr;
    taken.swap(said);
    said.clear();
    return taken.c_str();
}

// Verilator calls these where it is compiled with VL_USER_FINISH, VL_USER_STOP and VL_USER_FATAL.
void vl_finish(const char *file, int line, const char *) { say(file, line, "$finish"); }
void vl_stop(const char *file, int line, const char *) { say(file, line, "assertion failed"); }
void vl_fatal(const char *file, int line, const char *, const char *message) {
    say(file, line, message);
}
