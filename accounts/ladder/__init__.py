"""From a workspace to its account: hand → stated domains → domains of its members → an account of its own.

A step decides only when it is plain. Two companies with an equal claim at one step are an ambiguity: it is logged (`Ambiguity`),
no weaker step guesses, and the workspace stands for itself until a member decides or later data makes it plain.
docs/identity.md tells the whole ladder.

`plain` decides by values alone, `links` changes rows, `stated` and `members` are the steps, `ambiguous` keeps the log.
"""
