#include "trace_ring.h"

#define SLOT(index) {.generation = 2 + ((uint64_t)(index) << 28)}

__attribute__((aligned(128))) struct trace_slot trace_slots[TRACE_SLOTS] = {
    SLOT(0), SLOT(1), SLOT(2), SLOT(3), SLOT(4), SLOT(5), SLOT(6), SLOT(7)};
_Static_assert(TRACE_SLOTS == 8, "every slot has its number in its generation");

struct trace_ring_ref trace_rings[TRACE_SLOTS][TRACE_RINGS_MAX];

struct trace_event_row trace_no_rows[TRACE_EVENT_ROWS];
