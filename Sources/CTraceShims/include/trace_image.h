// Determines which memory exists as long as the process.
#ifndef TRACE_IMAGE_H
#define TRACE_IMAGE_H

#pragma clang assume_nonnull begin

/// True if the address is in the writable static data of the program or of a loaded library. Such a
/// library is then never unloaded: a later dlclose leaves it mapped. False for the stack, the heap
/// and any other memory.
///
/// Acquires the dynamic linker's lock, so it must not be called in signal handlers.
_Bool trace_pin_image(const void *address);

#pragma clang assume_nonnull end

#endif
