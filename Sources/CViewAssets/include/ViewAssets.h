#pragma once

#include <stddef.h>

/// A file of the page, embedded in the executable.
struct view_asset {
  const char *name;
  const unsigned char *bytes;
  size_t count;
};

/// Returns the file at this position, in no particular order; its name is null past the last one.
struct view_asset view_asset_at(size_t position);
