"""The programs of the workflow, one for each rule, and the packages they stand on."""
