#include "trace_ring.h"

__attribute__((aligned(128))) struct trace_slot trace_slots[TRACE_SLOTS];

struct trace_event_row trace_no_rows[TRACE_EVENT_ROWS];
