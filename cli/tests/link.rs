//! The link lines that `nullvmc compile` prints, taken from its output and run.

mod common;

use common::{Dir, filter, nullvmc};
use std::process::Command;

/// Makes an instance of the plugin and runs its initialisation.
const MAIN: &str = r#"
#include "nullvm.h"
#include <stdio.h>

NULLVM_DECLARE_PLUGIN(add_header);

int main(void) {
  char message[256] = "";
  const nullvm_plugin_t *plugin = NULL;
  nullvm_instance_t *instance = NULL;
  nullvm_host_t host = {.size = sizeof host};
  if (nullvm_plugin_load(&nullvm_plugin_add_header, &plugin, message, sizeof message) != NULLVM_RESULT_OK ||
      nullvm_instance_new(plugin, &host, NULL, NULL, &instance, message, sizeof message) != NULLVM_RESULT_OK ||
      nullvm_instance_start(instance) != NULLVM_RESULT_OK) {
    fprintf(stderr, "%s\n", message);
    return 1;
  }
  nullvm_instance_free(instance);
  nullvm_plugin_free(plugin);
  puts("started");
  return 0;
}
"#;

#[test]
fn the_link_lines() {
    for form in ["object", "archive"] {
        let dir = Dir::new(&format!("link-{form}"));
        dir.write("main.c", MAIN);
        let run = |program: &str, args: &[&str]| {
            let output = Command::new(program).args(args).current_dir(dir.path("")).output().unwrap();
            assert!(
                output.status.success(),
                "{program} {args:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            output
        };
        nullvmc(["shim", "-o", &dir.path("")]).ok();
        let output = run(env!("CARGO_BIN_EXE_nullvmc"), &["compile", &filter("add_header"), "--emit", form]);
        let summary = String::from_utf8(output.stderr).unwrap();
        let line = summary
            .lines()
            .find_map(|l| l.strip_prefix("link with: "))
            .unwrap_or_else(|| panic!("{summary}"));
        run("sh", &["-c", line.split("   (").next().unwrap()]);
        assert_eq!(run("./main", &[]).stdout, b"started\n");
        // The linked program still tells what is in it.
        let report = nullvmc(["inspect", &dir.path("main")]).ok().out;
        assert!(
            report.contains("linked program") && report.contains("plugin         add_header"),
            "{report}"
        );
        assert!(report.contains("nullvmc "), "{report}");
    }
}
