module nullvm/filters

go 1.24
