// Before anything is painted: the theme that was chosen here.
try {
  const theme = localStorage.getItem("tertulia-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme.
}
