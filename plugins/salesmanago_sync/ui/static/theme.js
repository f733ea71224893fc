// Airflow keeps its colour mode in this key; the page has the same origin. Without it the system's preference counts.
const follow = () => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
};
follow();
addEventListener("storage", follow);
