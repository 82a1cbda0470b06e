#include "ViewAssets.h"

// The page's files, as they are in the directory page. The name is that of the address. Clang takes
// #embed in every version of C.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "page/index.html"
};
static const unsigned char style_css[] = {
#embed "page/style.css"
};
static const unsigned char icon_svg[] = {
#embed "page/icon.svg"
};
static const unsigned char main_js[] = {
#embed "page/main.js"
};
static const unsigned char dom_js[] = {
#embed "page/dom.js"
};
static const unsigned char format_js[] = {
#embed "page/format.js"
};
static const unsigned char server_js[] = {
#embed "page/server.js"
};
static const unsigned char state_js[] = {
#embed "page/state.js"
};
static const unsigned char table_js[] = {
#embed "page/table.js"
};
static const unsigned char charts_js[] = {
#embed "page/charts.js"
};
static const unsigned char report_js[] = {
#embed "page/report.js"
};
static const unsigned char summary_js[] = {
#embed "page/summary.js"
};
static const unsigned char timeline_js[] = {
#embed "page/timeline.js"
};
static const unsigned char lanes_js[] = {
#embed "page/lanes.js"
};
static const unsigned char tree_js[] = {
#embed "page/tree.js"
};
static const unsigned char flame_js[] = {
#embed "page/flame.js"
};
static const unsigned char functions_js[] = {
#embed "page/functions.js"
};
static const unsigned char events_js[] = {
#embed "page/events.js"
};
static const unsigned char compare_js[] = {
#embed "page/compare.js"
};
static const unsigned char columns_js[] = {
#embed "page/columns.js"
};
static const unsigned char source_js[] = {
#embed "page/source.js"
};
static const unsigned char butterfly_js[] = {
#embed "page/butterfly.js"
};
static const unsigned char exporter_js[] = {
#embed "page/exporter.js"
};

#define ASSET(name, bytes) {name, bytes, sizeof(bytes)}

static const struct view_asset assets[] = {
    ASSET("index.html", index_html),
    ASSET("style.css", style_css),
    ASSET("icon.svg", icon_svg),
    ASSET("main.js", main_js),
    ASSET("dom.js", dom_js),
    ASSET("format.js", format_js),
    ASSET("server.js", server_js),
    ASSET("state.js", state_js),
    ASSET("table.js", table_js),
    ASSET("charts.js", charts_js),
    ASSET("report.js", report_js),
    ASSET("summary.js", summary_js),
    ASSET("timeline.js", timeline_js),
    ASSET("lanes.js", lanes_js),
    ASSET("tree.js", tree_js),
    ASSET("flame.js", flame_js),
    ASSET("functions.js", functions_js),
    ASSET("events.js", events_js),
    ASSET("compare.js", compare_js),
    ASSET("exporter.js", exporter_js),
    ASSET("columns.js", columns_js),
    ASSET("source.js", source_js),
    ASSET("butterfly.js", butterfly_js),
};

struct view_asset view_asset_at(size_t position) {
  if (position < sizeof(assets) / sizeof(assets[0])) return assets[position];
  struct view_asset none = {0};
  return none;
}
