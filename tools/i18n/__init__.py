"""The catalogues of the translated edition: made, filled where a machine can, counted, checked."""
