"""An image to a C tree and its functions; hides kernel macros and hunk edges."""
