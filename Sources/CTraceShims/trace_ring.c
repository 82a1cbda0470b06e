#include "trace_ring.h"

__attribute__((aligned(128))) struct trace_slot trace_slots[TRACE_SLOTS] = {
    [0 ... TRACE_SLOTS - 1] = {.generation = 2}};

struct trace_ring_ref trace_rings[TRACE_SLOTS][TRACE_RINGS_MAX];

struct trace_event_row trace_no_rows[TRACE_EVENT_ROWS];
