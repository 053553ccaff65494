"""A wrong call, an error message or a piece of code: the reason, the axis at fault, the fix."""
